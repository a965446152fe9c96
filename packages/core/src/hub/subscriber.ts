import type { SseCloseCode } from '../errors.ts'
import type { Cursor } from '../log/event-log.ts'
import type { EventStream } from '../stream/event-stream.ts'
import { randomRetry } from '../stream/refusal.ts'
import type { StreamOwner, StreamPort } from '../stream/stream-port.ts'
import { encodeFarewell } from '../wire/encode.ts'
import type { CatchUpStep, GapStep, PageStep } from './catch-up.ts'
import type { ChannelSet } from './channel-set.ts'
import type { GapReason } from './control-event.ts'
import type { Visited } from './fan-out.ts'
import type { SubscribeOptions } from './hub.ts'
import { gapDiagnostics } from './hub-diagnostics.ts'
import { Outlet } from './outlet.ts'
import { PageFeed } from './page-feed.ts'
import { Selection } from './selection.ts'
import type { ReadState, Snapshot } from './snapshots.ts'
import type { SubscriberHub } from './subscriber-hub.ts'

/**
 * - starting: the log is not followed yet
 * - live: all wanted entries were handed over, or a visit is due
 * - full: the client does not read; the stream keeps its position
 * - reading: its position is not in the tail, so the log or the state of its channels is being read
 * - over: the subscription has ended
 */
type Stage = 'starting' | 'live' | 'full' | 'reading' | 'over'

/** The `retry`, in ms, for a client that this process cannot serve yet. */
const RETRY = 2_000

/** One stream's position in the log. It stores no events: unsent ones stay in the tail, once for all streams. */
export class Subscriber implements StreamOwner, Visited {
  readonly stream: EventStream
  readonly port: StreamPort
  readonly channels: ChannelSet
  readonly key: string | undefined
  readonly outlet: Outlet
  /** Undefined if the stream wants all events of its channels. */
  readonly selection: Selection | undefined
  queued = false
  readonly #hub: SubscriberHub
  readonly #readState: ReadState | undefined
  #stage: Stage = 'starting'
  /** Position in the tail of the next entry to examine, and the cursor of the entry before it. */
  #position = 0
  #cursor: Cursor = ''
  /** All matching entries that were announced to it were handed over, so it needs no visit. */
  #upToDate = false
  /** It is resuming, and has not been up to date yet. */
  #resuming = false
  /** The log was reset, and the client has not received a gap for it yet. */
  #gapDue: GapReason | undefined
  /** Set while it reads the log. */
  #feed: PageFeed | undefined
  /** Set while it waits for the state of its channels: the gap to send if the state cannot be read. */
  #awaited: GapStep | undefined

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
    this.outlet = new Outlet(hub, port)
    const { filter, coalesce, snapshot } = options
    this.#readState = snapshot
    if (filter !== undefined || coalesce !== undefined) this.selection = new Selection(channels, options)
  }

  /** Whether the hub has entries that were not handed over to it yet. */
  get lagging(): boolean {
    return this.#stage === 'full' || this.#stage === 'reading'
  }

  get position(): number {
    return this.#position
  }

  get resting(): boolean {
    return this.#stage === 'full' && this.port.bufferedBytes === 0
  }

  /** Starts at `from`, the client's last id, once the log is followed. Undefined: the client has none. */
  start(from: Cursor | undefined): void {
    if (this.#stage === 'over') return
    const { tail } = this.#hub
    if (this.#readState !== undefined && !from) {
      this.#takeSnapshot(this.#readState, { gap: 'no-snapshot', continueAt: 'end' })
      return
    }
    if (from === undefined) {
      this.#goLive(tail.next)
      this.#afterWrite(this.outlet.bookmark())
      return
    }
    this.#cursor = from
    this.outlet.sent = from
    this.#resuming = true
    const position = tail.positionAfter(from)
    if (position === undefined) this.#read(false)
    else this.#continueAt(position)
  }

  advance(position: number, cursor: Cursor): boolean {
    if (this.#upToDate && this.#position < position) {
      this.#position = position
      this.#cursor = cursor
    }
    this.#upToDate = false
    return this.#stage === 'live'
  }

  visit(): void {
    if (this.#stage === 'live' && this.#gapDue !== undefined) this.#onReset(this.#gapDue)
    if (this.#stage !== 'live') return
    const { tail } = this.#hub
    if (this.#position < tail.first) {
      this.selection?.leaveTail()
      this.#read(true)
      return
    }
    const run =
      this.selection?.fromTail(tail, this.#position, this.outlet.slow) ??
      this.#hub.runOf(this.channels, this.#position)
    if (this.#isOver()) {
      if (!this.stream.closed) this.outlet.deliverLast(run)
      return
    }
    const passage =
      this.port.sharesText && run.text !== ''
        ? this.#hub.passageOf(this.channels, this.#position, run)
        : undefined
    this.#position = run.next
    this.#cursor = tail.cursorBefore(run.next)
    this.#upToDate = run.next === tail.next
    if (this.#upToDate) this.outlet.slow = false
    this.#afterWrite(this.outlet.deliver(run, passage))
    const failure = this.selection?.failure
    if (failure !== undefined) {
      this.#fail(failure.error)
      return
    }
    if (!this.#upToDate && this.#stage === 'live') this.#hub.enqueue(this)
    if (!this.#upToDate) return
    if (this.#resuming) this.#renewId()
    if (this.outlet.served) this.port.endPoll()
  }

  /** Moves to the end of the new tail, because the log lost its continuity. The next visit sends the gap. */
  reset(reason: GapReason): void {
    if (this.#stage === 'starting' || this.#stage === 'over') return
    this.#stopReading()
    this.#goLive(this.#hub.tail.next)
    this.#gapDue = reason
    this.#upToDate = false
    this.#hub.enqueue(this)
  }

  onRoom(): void {
    if (this.#stage !== 'full') this.#feed?.onRoom()
    else {
      this.#stage = 'live'
      if (!this.#upToDate) this.#hub.enqueue(this)
    }
  }

  /**
   * Sends the events that were published before a shutdown. Clients could not resume them, because a MemoryLog does not
   * survive a restart.
   */
  flush(): void {
    this.#hub.announce()
    const { tail } = this.#hub
    while (this.#stage === 'live' && !this.#upToDate && this.#position >= tail.first) this.visit()
  }

  onOver(code?: SseCloseCode): void {
    if (this.#isOver()) return
    if (code === 'ERR_SSE_SLOW_CLIENT') this.#hub.counts.stalled++
    this.#stage = 'over'
    this.selection?.end()
    this.#stopReading()
    this.#hub.remove(this)
  }

  /** A bookmark if the client's last id is old. Otherwise the client would get a gap when it reconnects. */
  onWake(): string {
    if (this.#stage !== 'live' || this.outlet.sent === this.#hub.tail.head) return ''
    return this.#bookmark() ?? ''
  }

  /** A bookmark; undefined while events are pending, because these end the poll. */
  onWait(): string | undefined {
    return this.#bookmark()
  }

  /** Moves to the end of the log and returns the text of a bookmark there; undefined while an event is pending. */
  #bookmark(): string | undefined {
    const { tail, pending } = this.#hub
    if (this.#stage !== 'live' || !this.#upToDate || pending) return undefined
    this.#goLive(tail.next)
    return this.outlet.bookmarkText()
  }

  /**
   * Sends a bookmark if the stream has caught up and no entry was for it. Otherwise its client would keep an old id,
   * which ages.
   */
  #renewId(): void {
    this.#resuming = false
    if (this.outlet.sent === this.#cursor) return
    this.outlet.sent = this.#cursor
    this.#afterWrite(this.outlet.bookmark())
  }

  /** Ends this stream and no other, because the app's function threw. */
  #fail(error: unknown): void {
    this.port.end('ERR_SSE_SOURCE_FAILED', { cause: error })
    this.#hub.onError(error)
  }

  #isOver(): boolean {
    return this.#stage === 'over'
  }

  /** Without room for more, the stream keeps its position until the client reads. */
  #afterWrite(hasRoom: boolean): void {
    if (!hasRoom && this.#stage === 'live') this.#stage = 'full'
  }

  /** Continues at `position`: entries from there on are still to be handed over. */
  #continueAt(position: number): void {
    this.#position = position
    this.#upToDate = false
    this.#stage = 'live'
    this.#hub.enqueue(this)
  }

  /** Moves to `position`, and records its cursor as sent. */
  #goLive(position: number): void {
    const { tail } = this.#hub
    this.#stage = 'live'
    this.#position = position
    this.#upToDate = position === tail.next
    this.#resuming = false
    this.#cursor = tail.cursorBefore(position)
    this.outlet.sent = this.#cursor
    this.selection?.forget()
  }

  /** Sends a gap or a snapshot, because the log was reset. */
  #onReset(gap: GapReason): void {
    this.#gapDue = undefined
    if (this.#readState === undefined) this.#writeGap(gap)
    else this.#takeSnapshot(this.#readState, { gap, continueAt: 'end' })
  }

  /**
   * @param step - the gap to send if the state cannot be read
   */
  #takeSnapshot(read: ReadState, step: GapStep): void {
    this.#stage = 'reading'
    this.#upToDate = false
    this.#awaited = step
    void this.#hub.snapshots.take(read, this.channels).then((snapshot) => {
      // If the stream has ended or the log was reset, this snapshot is outdated.
      if (this.#awaited !== step) return
      this.#awaited = undefined
      if (snapshot === undefined) this.#sendGap(step)
      else this.#continueFrom(snapshot)
    })
  }

  #sendGap({ gap, continueAt }: GapStep): void {
    const { tail } = this.#hub
    this.#goLive(continueAt === 'oldest' ? tail.firstNamed : tail.next)
    this.#writeGap(gap)
    if (this.#stage === 'live') this.#hub.enqueue(this)
  }

  #writeGap(reason: GapReason): void {
    if (gapDiagnostics.hasSubscribers) gapDiagnostics.publish({ stream: this.stream, key: this.key, reason })
    this.#afterWrite(this.outlet.gap(reason))
  }

  #continueFrom(snapshot: Snapshot): void {
    const hasRoom = this.outlet.snapshot(snapshot)
    if (this.#isOver()) return
    this.#resuming = false
    this.#cursor = snapshot.cursor
    this.selection?.forget()
    const position = this.#hub.tail.positionAfter(snapshot.cursor)
    // Reading the state took so long that its cursor fell off the tail.
    if (position === undefined) this.#read(true)
    else {
      this.#continueAt(position)
      this.#afterWrite(hasRoom)
    }
  }

  #stopReading(): void {
    this.#feed?.stop()
    this.#feed = undefined
    this.#awaited = undefined
  }

  /** The position is not in the tail: reads the log until it is. `held`: it was in the tail, and fell off it. */
  #read(held: boolean): void {
    this.#stage = 'reading'
    this.#upToDate = false
    const { resumes } = this.#hub
    // Only reconnecting clients are refused. If `held`, this one was connected all the time.
    if (!held && !resumes.hasRoom) {
      this.port.end('ERR_SSE_REFUSED', { farewell: encodeFarewell(randomRetry()) })
      return
    }
    const feed = new PageFeed(this.#hub, this, this.#cursor, held)
    this.#feed = feed
    const leave = resumes.enter()
    // If the feed was stopped after it ended, its result is outdated.
    feed
      .run()
      .finally(leave)
      .then(
        (step) => this.#feed === feed && step !== undefined && this.#arrive(step, feed.cursor),
        (error) => this.#feed === feed && this.#fail(error),
      )
  }

  #arrive(step: Exclude<CatchUpStep, PageStep>, cursor: Cursor): void {
    this.#feed = undefined
    if (step === 'reconnect') this.port.shutdown(RETRY)
    else if ('position' in step) {
      this.#cursor = cursor
      this.#continueAt(step.position)
    } else if (this.#readState === undefined) this.#sendGap(step)
    else this.#takeSnapshot(this.#readState, step)
  }
}
