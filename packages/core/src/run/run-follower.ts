import { clock } from '../process/clock.ts'
import type { EventStream } from '../stream/event-stream.ts'
import { COMPLETE, type StreamOwner, type StreamPort } from '../stream/stream-port.ts'
import { encodeRunEnd, encodeRunGap, type RunControlEvents, type RunGapReason } from './run-control-event.ts'
import type { FeedFollower, RunFeed, RunPiece } from './run-feed.ts'
import { formatPlace, parsePlace, UNKNOWN_RUN_ID } from './run-place.ts'
import type { RunPlace, RunReading } from './run-store.ts'

/** How many ms to wait before a store that could not be read is tried again. */
const RETRY_DELAY = 1_000

/** The parts of the runs that a follower uses. */
export interface RunFollowerHost {
  readonly names: RunControlEvents
  /** Ends a stream whose client must follow this run in another process. Returns false if it can stay. */
  sendElsewhere(port: StreamPort, id: string): boolean
  remove(follower: RunFollower): void
}

/**
 * - live: all events were handed over
 * - reading: the store is being read
 * - full: the client does not read; the follower keeps its position
 * - over: the stream has ended
 */
type Stage = 'live' | 'reading' | 'full' | 'over'

/** One stream's position in a run. It holds no events: unsent ones stay in the store. */
export class RunFollower implements StreamOwner, FeedFollower {
  readonly id: string
  readonly port: StreamPort
  /** Resolves when the stream has ended. */
  readonly done: Promise<void>
  readonly #host: RunFollowerHost
  readonly #feed: RunFeed
  #resolve: () => void = () => {}
  #stage: Stage = 'live'
  #place: RunPlace | undefined
  /** The client sent a last event ID that is not a position. */
  #malformed: boolean
  /** It has sent events or a gap. */
  #served = false
  /** The run has changed since the pending read began. */
  #stale = false
  #onNews: () => void = () => {}

  constructor(host: RunFollowerHost, stream: EventStream, port: StreamPort, id: string, feed: RunFeed) {
    this.#host = host
    this.port = port
    this.id = id
    this.#feed = feed
    this.#place = parsePlace(stream.lastEventId)
    this.#malformed = stream.lastEventId !== '' && this.#place === undefined
    this.done = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  start(): void {
    this.#feed.add(this)
    void this.#read()
  }

  onNews(news: RunPiece | undefined): void {
    this.#stale = true
    this.#onNews()
    if (this.#stage !== 'live') return
    const place = this.#place
    if (news === undefined || news.reading.attempt !== place?.attempt) return void this.#read()
    const { first, events } = news.reading
    // The client has these events: the last read contained them.
    const seen = first + events.length - 1 <= place.number && news.reading.state.status === 'running'
    if (seen) return
    if (first !== place.number + 1 || !this.#take(news)) void this.#read()
  }

  onRoom(): void {
    if (this.#stage === 'full') void this.#read()
  }

  /** Does nothing: pending events are in the store, and the client receives them when it reconnects. */
  flush(): void {}

  onOver(): void {
    if (this.#stage === 'over') return
    this.#stage = 'over'
    this.#feed.delete(this)
    this.#onNews()
    this.#host.remove(this)
    this.#resolve()
  }

  onWait(): string | undefined {
    return this.#is('live') ? '' : undefined
  }

  onWake(): string {
    return ''
  }

  /** Reads and sends from its position on, until all events were sent or there is no room. */
  async #read(): Promise<void> {
    if (this.#is('reading') || this.#is('over')) return
    this.#stage = 'reading'
    for (;;) {
      this.#stale = false
      let piece: RunPiece | undefined
      try {
        piece = await this.#feed.read(this.#place)
      } catch {
        // The events are still stored, so this is no gap: try again.
        await this.#newsOrDelay()
        if (this.#is('over')) return
        continue
      }
      if (this.#is('over')) return
      this.#stage = 'live'
      const atEnd = this.#take(piece)
      if (!this.#is('live') || (atEnd && !this.#stale)) return
      this.#stage = 'reading'
    }
  }

  /** Sends a piece. Returns false if there is more, or if it must be read again. */
  #take(piece: RunPiece | undefined): boolean {
    if (piece === undefined) {
      this.#end('unknown', UNKNOWN_RUN_ID)
      return true
    }
    const { attempt, state, first } = piece.reading
    if (state.status === 'running' && this.#host.sendElsewhere(this.port, this.id)) return true
    const end = state.events + 1
    const place = this.#place
    let gap = this.#gapBefore(piece.reading)
    // A client may reconnect with the id of the end event, which is the last position. A later one is malformed.
    if (place?.attempt === attempt && place.number > (state.status === 'running' ? state.events : end)) {
      this.#place = { attempt, number: 0 }
      this.#malformed = true
      return false
    }
    if (this.#malformed) gap = 'malformed'
    this.#malformed = false
    this.#place = { attempt, number: Math.max(first - 1, gap === undefined ? (place?.number ?? 0) : 0) }
    const { text, next } = piece.encode()
    const opening =
      gap === undefined
        ? ''
        : encodeRunGap(this.#host.names.gap, gap, formatPlace({ attempt, number: first - 1 }))
    if (next > first) this.#place = { attempt, number: next - 1 }
    const rest = this.#place.number < state.events
    const hasRoom = opening + text === '' || this.port.write(opening + text, true, undefined, next - first)
    if (this.#is('over')) return true
    if (!rest && state.status !== 'running') {
      this.#end(state.status, formatPlace({ attempt, number: end }))
      return true
    }
    if (!hasRoom) this.#stage = 'full'
    this.#served ||= opening + text !== ''
    if (!rest && this.#served) this.port.endPoll()
    return !rest
  }

  /** The reason of the gap before these events; undefined if there is no gap. */
  #gapBefore({ attempt, first }: RunReading): RunGapReason | undefined {
    const place = this.#place
    if (place !== undefined && place.attempt !== attempt) return 'restarted'
    return first > (place?.number ?? 0) + 1 ? 'expired' : undefined
  }

  #end(status: Parameters<typeof encodeRunEnd>[1], id: string): void {
    this.port.end('ERR_SSE_CLOSED', { ...COMPLETE, farewell: encodeRunEnd(this.#host.names.end, status, id) })
  }

  #newsOrDelay(): Promise<void> {
    return new Promise((resolve) => {
      const timer = clock.setTimeout(resolve, RETRY_DELAY).unref()
      this.#onNews = () => {
        clock.clearTimeout(timer)
        resolve()
      }
    })
  }

  #is(stage: Stage): boolean {
    return this.#stage === stage
  }
}
