import type { SseCloseCode } from '../errors.ts'
import type { Cursor } from '../log/event-log.ts'
import type { EventStream } from '../stream/event-stream.ts'
import type { StreamOwner, StreamPort } from '../stream/stream-port.ts'
import { type CatchUpReader, type CatchUpSource, catchUp } from './catch-up.ts'
import type { ChannelSet } from './channel-set.ts'
import { type ControlEventNames, encodeBookmark, encodeGap, type GapReason } from './control-event.ts'
import type { SubscribeOptions } from './hub.ts'
import type { HubEntry } from './hub-entry.ts'
import { collect, type Run } from './run.ts'
import { Selection, type Wanted } from './selection.ts'

/** What a subscriber needs of its hub. */
export interface SubscriberHub extends CatchUpSource {
  readonly names: ControlEventNames
  readonly gapDelay: number
  readonly counts: { delivered: number; gaps: number; stalled: number }
  /** Whether there are entries that nobody was told of yet. */
  readonly pending: boolean
  /** Tells everybody of the entries that nobody was told of yet. */
  tell(): void
  enqueue(subscriber: Subscriber): void
  remove(subscriber: Subscriber): void
  onError(error: unknown): void
}

/**
 * - starting: the log is not followed yet
 * - live: everything wanted was handed over, or a visit is due
 * - full: its client does not read; it waits where it is
 * - reading: its place is not in the tail, the log is read
 */
type Stage = 'starting' | 'live' | 'full' | 'reading' | 'over'

/** When a client that this process cannot serve yet is to come back, in ms. */
const RETRY = 2_000

/** One stream's place in the log. It holds no event: what is not sent yet stays in the tail, once for all streams. */
export class Subscriber implements StreamOwner {
  readonly stream: EventStream
  readonly port: StreamPort
  readonly channels: ChannelSet
  readonly key: string | undefined
  queued = false
  readonly #hub: SubscriberHub
  readonly #wanted: Wanted
  readonly #once: boolean
  /** It was handed events or a gap, not only a bookmark. */
  #served = false
  #stage: Stage = 'starting'
  /** Position in the tail of the next entry to look at, and the cursor of the place in front of it. */
  #position = 0
  #place: Cursor = ''
  /** The last event ID that the client was sent. */
  #told: Cursor = ''
  /** It has been handed all it wants, as far as it was told: nobody has to come back to it. */
  #upToDate = false
  /** It has come back and not been up to date since. */
  #resuming = false
  /** Its client has left bytes unread. */
  #slow = false
  #onRoom: (() => void) | undefined
  /** Counts the resets: a read that was under way is of no use after one. */
  #epoch = 0

  constructor(
    hub: SubscriberHub,
    stream: EventStream,
    port: StreamPort,
    channels: ChannelSet,
    options: SubscribeOptions,
  ) {
    this.#hub = hub
    this.stream = stream
    this.port = port
    this.key = options.key
    this.channels = channels
    this.#wanted = this.#wantedOf(options)
    this.#once = options.once ?? false
  }

  /** Whether it is behind what the hub has. */
  get lagging(): boolean {
    return this.#stage === 'full' || this.#stage === 'reading'
  }

  /** The log is followed: takes its place. `from` is where the client says that it was; '' for nowhere. */
  start(from: Cursor): void {
    if (this.#stage === 'over') return
    const { tail } = this.#hub
    if (from === '') {
      this.#goLive(tail.next)
      this.#write(this.#bookmark())
      return
    }
    this.#place = from
    this.#told = from
    this.#resuming = true
    const position = tail.positionAfter(from)
    if (position === undefined) this.#read(false)
    else this.#goOn(position)
  }

  /**
   * Something for it has come in at `position`, behind `place`; what is in front of that and was not handed over is not
   * for it. False: it needs no visit, it comes by itself when it can.
   */
  advance(position: number, place: Cursor): boolean {
    if (this.#upToDate && this.#position < position) {
      this.#position = position
      this.#place = place
    }
    this.#upToDate = false
    return this.#stage === 'live'
  }

  /** Hands over a piece of what lies behind its place. */
  visit(): void {
    if (this.#stage !== 'live') return
    const { tail } = this.#hub
    if (this.#position < tail.first) {
      this.#read(true)
      return
    }
    const run = this.#wanted.collect(tail, this.#position, this.#slow)
    // The filter may have thrown.
    if (this.#isOver()) return
    this.#position = run.next
    this.#place = tail.cursorBefore(run.next)
    this.#upToDate = run.next === tail.next
    if (this.#upToDate) this.#slow = false
    if (run.text !== '') this.#deliver(run)
    if (!this.#upToDate && this.#stage === 'live') this.#hub.enqueue(this)
    if (!this.#upToDate) return
    if (this.#resuming) this.#welcome()
    if (this.#once && this.#served) this.stream.close()
  }

  /** The log has lost its continuity: `tail` starts anew. */
  reset(reason: GapReason): void {
    if (this.#stage === 'starting' || this.#stage === 'over') return
    this.#epoch++
    this.#wanted.forget()
    this.#onRoom?.()
    this.#gap(reason, this.#hub.tail.next)
  }

  onRoom(): void {
    if (this.#stage !== 'full') this.#onRoom?.()
    else {
      this.#stage = 'live'
      if (!this.#upToDate) this.#hub.enqueue(this)
    }
  }

  /** What is published before a shutdown is not left to the resume, of which a log in memory has none. */
  flush(): void {
    this.#hub.tell()
    const { tail } = this.#hub
    while (this.#stage === 'live' && !this.#upToDate && this.#position >= tail.first) this.visit()
  }

  onOver(code?: SseCloseCode): void {
    if (this.#isOver()) return
    if (code === 'ERR_SSE_SLOW_CLIENT') this.#hub.counts.stalled++
    this.#stage = 'over'
    this.#onRoom?.()
    this.#hub.remove(this)
  }

  /** A stream that gets nothing would keep an old place, and be told of a gap when it comes back. */
  onWake(): string {
    const { tail, pending } = this.#hub
    if (this.#stage !== 'live' || !this.#upToDate || pending || this.#told === tail.head) return ''
    this.#goLive(tail.next)
    return this.#bookmark()
  }

  /** It has caught up: when nothing in between was for it, its client still has the old id, and that gets older. */
  #welcome(): void {
    this.#resuming = false
    if (this.#told === this.#place) return
    this.#told = this.#place
    this.#write(this.#bookmark())
  }

  #wantedOf(options: SubscribeOptions): Wanted {
    if (options.filter === undefined && options.coalesce === undefined) return this.channels
    return new Selection(this.channels, options, (error) => {
      // The app's function threw: this stream ends, nobody else suffers.
      this.port.end('ERR_SSE_SOURCE_FAILED', '', error)
      this.#hub.onError(error)
    })
  }

  #isOver(): boolean {
    return this.#stage === 'over'
  }

  #bookmark(): string {
    const { bookmark } = this.#hub.names
    return bookmark === false ? '' : encodeBookmark(bookmark, this.#told)
  }

  /** Goes on at `position`, with all that lies there still to be handed over. */
  #goOn(position: number): void {
    this.#position = position
    this.#upToDate = false
    this.#stage = 'live'
    this.#hub.enqueue(this)
  }

  /** Is at `position`, which is what the client is going to be told. */
  #goLive(position: number): void {
    const { tail } = this.#hub
    this.#stage = 'live'
    this.#position = position
    this.#upToDate = position === tail.next
    this.#resuming = false
    this.#place = tail.cursorBefore(position)
    this.#told = this.#place
  }

  /** Returns whether there is room for more. */
  #deliver({ text, count, told }: Omit<Run, 'next'>): boolean {
    this.#told = told
    this.#served = true
    this.#hub.counts.delivered += count
    return this.#write(text, true)
  }

  #write(text: string, now = false): boolean {
    if (text === '' || this.port.write(text, now)) return true
    if (this.#isOver()) return false
    if (this.#stage === 'live') this.#stage = 'full'
    if (this.port.bufferedBytes > 0) this.#slow = true
    return false
  }

  /** Goes on at `position` and tells the client that something in front of it may be missing. */
  #gap(reason: GapReason, position: number): void {
    this.#goLive(position)
    const { names, counts, gapDelay } = this.#hub
    counts.gaps++
    this.#served = true
    this.#write(encodeGap(names.gap, { reason, delay: Math.round(Math.random() * gapDelay) }, this.#told))
    if (this.#stage === 'live') this.#hub.enqueue(this)
  }

  /** Its place is not in the tail: reads the log until it is. `held`: it was, and fell off it. */
  #read(held: boolean): void {
    this.#stage = 'reading'
    this.#upToDate = false
    const epoch = this.#epoch
    const going = () => !this.#isOver() && this.#epoch === epoch
    const reader: CatchUpReader = {
      place: () => this.#place,
      going,
      take: (entries) => this.#take(entries, going),
      leave: () => this.port.shutdown(RETRY),
      arrive: (position, gap) => (gap === undefined ? this.#goOn(position) : this.#gap(gap, position)),
    }
    void catchUp(this.#hub, reader, held)
  }

  /** Hands a page over in pieces, each when there is room. */
  async #take(entries: readonly HubEntry[], going: () => boolean): Promise<void> {
    let at = 0
    while (at < entries.length && going()) {
      const run = collect(entries, at, entries.length, (entry) => this.#wanted.wants(entry))
      if (!going()) return
      at = run.next
      this.#place = (entries[at - 1] as HubEntry).cursor
      if (run.text === '' || this.#deliver(run) || !going()) continue
      await new Promise<void>((resolve) => {
        this.#onRoom = resolve
      })
      this.#onRoom = undefined
    }
  }
}
