import type { SseCloseCode } from '../errors.ts'
import type { Cursor } from '../log/event-log.ts'
import type { EventStream } from '../stream/event-stream.ts'
import type { StreamOwner, StreamPort } from '../stream/stream-port.ts'
import { CatchUp, type CatchUpSource, type CatchUpStep } from './catch-up.ts'
import type { ChannelSet } from './channel-set.ts'
import { type ControlEventNames, encodeBookmark, encodeGap, type GapReason } from './control-event.ts'
import type { Visited } from './fan-out.ts'
import type { SubscribeOptions } from './hub.ts'
import type { Page } from './page.ts'
import { collect, type Run } from './run.ts'
import { Selection } from './selection.ts'

/** What a subscriber needs of its hub. */
export interface SubscriberHub extends CatchUpSource {
  readonly names: ControlEventNames
  readonly gapDelay: number
  readonly counts: { delivered: number; gaps: number; stalled: number }
  /** Whether there are entries that nobody was told of yet. */
  readonly pending: boolean
  /** What streams of `channels` get that neither filter nor coalesce. */
  runOf(channels: ChannelSet, position: number): Run
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
/** A client gets a bookmark after so many entries of the log that are not for it: if it disconnects, it goes on there. */
const BOOKMARK_EVERY = 10_000

/** One stream's place in the log. It holds no event: what is not sent yet stays in the tail, once for all streams. */
export class Subscriber implements StreamOwner, Visited {
  readonly stream: EventStream
  readonly port: StreamPort
  readonly channels: ChannelSet
  readonly key: string | undefined
  queued = false
  readonly #hub: SubscriberHub
  /** Undefined: it wants all of its channels. */
  readonly #selection: Selection | undefined
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
  /** The log was reset, and the client was not told yet. */
  #gapDue: GapReason | undefined
  #onRoom: (() => void) | undefined
  /** While it reads the log. */
  #reading: AbortController | undefined
  /** Entries of the log since its client was sent an id. */
  #scanned = 0

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
    const { filter, coalesce } = options
    if (filter !== undefined || coalesce !== undefined) this.#selection = new Selection(channels, options)
    this.#once = options.once ?? false
  }

  /** Whether it is behind what the hub has. */
  get lagging(): boolean {
    return this.#stage === 'full' || this.#stage === 'reading'
  }

  get position(): number {
    return this.#position
  }

  get resting(): boolean {
    return this.#stage === 'full' && this.port.bufferedBytes === 0
  }

  /**
   * The log is followed: takes its place. `from` is where the client says that it was; undefined for nowhere.
   */
  start(from: Cursor | undefined): void {
    if (this.#stage === 'over') return
    const { tail } = this.#hub
    if (from === undefined) {
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

  advance(position: number, place: Cursor): boolean {
    if (this.#upToDate && this.#position < position) {
      this.#position = position
      this.#place = place
    }
    this.#upToDate = false
    return this.#stage === 'live'
  }

  visit(): void {
    if (this.#stage === 'live' && this.#gapDue !== undefined) this.#tellGap(this.#gapDue)
    if (this.#stage !== 'live') return
    const { tail } = this.#hub
    if (this.#position < tail.first) {
      this.#selection?.leaveTail()
      this.#read(true)
      return
    }
    const run =
      this.#selection?.fromTail(tail, this.#position, this.#slow) ??
      this.#hub.runOf(this.channels, this.#position)
    if (this.#isOver()) {
      this.#leave(run)
      return
    }
    this.#position = run.next
    this.#place = tail.cursorBefore(run.next)
    this.#upToDate = run.next === tail.next
    if (this.#upToDate) this.#slow = false
    if (run.text !== '') this.#deliver(run)
    if (this.#hasFailed()) return
    if (!this.#upToDate && this.#stage === 'live') this.#hub.enqueue(this)
    if (!this.#upToDate) return
    if (this.#resuming) this.#welcome()
    if (this.#once && this.#served) this.stream.close()
  }

  /** The log has lost its continuity: the tail starts anew. The gap is told at the next visit, for which a turn is due. */
  reset(reason: GapReason): void {
    if (this.#stage === 'starting' || this.#stage === 'over') return
    this.#stopReading()
    this.#goLive(this.#hub.tail.next)
    this.#gapDue = reason
    this.#upToDate = false
    this.#hub.enqueue(this)
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
    this.#selection?.end()
    this.#stopReading()
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

  /** The app has unsubscribed in its own filter: what that has accepted before is sent. */
  #leave({ text, count }: Run): void {
    if (text === '' || this.stream.closed) return
    this.#hub.counts.delivered += count
    this.port.write(text, true)
  }

  /** The app's function has thrown: this stream ends, nobody else suffers. */
  #hasFailed(): boolean {
    const failure = this.#selection?.failure
    if (failure === undefined) return false
    this.port.end('ERR_SSE_SOURCE_FAILED', '', failure.error)
    this.#hub.onError(failure.error)
    return true
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
    this.#gapDue = undefined
    this.#selection?.forget()
  }

  /** Returns whether there is room for more. */
  #deliver({ text, count, told }: Run): boolean {
    this.#told = told
    this.#scanned = 0
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

  /** Tells the client that something in front of its new place may be missing. */
  #tellGap(reason: GapReason): void {
    this.#gapDue = undefined
    const { names, counts, gapDelay } = this.#hub
    counts.gaps++
    this.#served = true
    this.#write(encodeGap(names.gap, { reason, delay: Math.round(Math.random() * gapDelay) }, this.#told))
  }

  #stopReading(): void {
    this.#reading?.abort()
    this.#reading = undefined
    this.#onRoom?.()
  }

  /** Its place is not in the tail: reads the log until it is. `held`: it was, and fell off it. */
  #read(held: boolean): void {
    this.#stage = 'reading'
    this.#upToDate = false
    const reading = new AbortController()
    this.#reading = reading
    this.#catchUp(reading.signal, held).catch((error) => {
      if (reading.signal.aborted) return
      this.port.end('ERR_SSE_SOURCE_FAILED', '', error)
      this.#hub.onError(error)
    })
  }

  async #catchUp(signal: AbortSignal, held: boolean): Promise<void> {
    const catchUp = new CatchUp(this.#hub, held, signal)
    for (;;) {
      const step = await catchUp.next(this.#place)
      if (signal.aborted) return
      if (step === 'leave') return this.port.shutdown(RETRY)
      if (!('page' in step)) return this.#arrive(step)
      // What finds no room is read again: a client that does not read holds a place, not a page.
      if (!this.#take(step.page, step.from)) await this.#room()
      if (signal.aborted) return
      catchUp.slow ||= this.#slow
    }
  }

  /** Hands over entries of a page for as long as there is room; returns whether there is. */
  #take(page: Page, from: number): boolean {
    const entries = page.of(this.channels.names, from)
    let at = 0
    while (at < entries.length) {
      const run =
        this.#selection?.fromPage(entries, at) ?? collect(entries, at, entries.length, ({ text }) => text)
      if (this.#isOver()) {
        this.#leave(run)
        return false
      }
      at = run.next
      if (at < entries.length) this.#place = entries[at - 1]?.cursor as Cursor
      else this.#place = page.end
      const hasRoom = run.text === '' || this.#deliver(run)
      if (this.#hasFailed() || !hasRoom) return false
    }
    this.#place = page.end
    this.#scanned += page.length - from
    if (this.#scanned < BOOKMARK_EVERY) return true
    this.#scanned = 0
    this.#told = this.#place
    return this.#write(this.#bookmark())
  }

  #room(): Promise<void> {
    if (this.#isOver()) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onRoom = () => {
        this.#onRoom = undefined
        resolve()
      }
    })
  }

  #arrive(step: Exclude<CatchUpStep, 'leave' | { page: Page }>): void {
    this.#reading = undefined
    if ('position' in step) {
      this.#goOn(step.position)
      return
    }
    const { tail } = this.#hub
    this.#goLive(step.goOn === 'oldest' ? tail.firstNamed : tail.next)
    this.#tellGap(step.gap)
    if (this.#stage === 'live') this.#hub.enqueue(this)
  }
}
