import type { Cursor } from '../log/event-log.ts'
import type { StreamOwner, StreamPort } from '../stream/stream-port.ts'
import { type Sleeper, wheel } from '../stream/timer-wheel.ts'
import type { ChannelSet } from './channel-set.ts'
import { type ControlEventNames, encodeBookmark, encodeGap, type GapReason } from './control-event.ts'
import type { SubscribeOptions } from './hub.ts'
import type { HubEntry } from './hub-entry.ts'
import type { Page } from './log-reader.ts'
import { collect, type Run } from './run.ts'
import type { Tail } from './tail.ts'

/** What a subscriber needs of its hub. */
export interface SubscriberHub {
  readonly tail: Tail
  readonly names: ControlEventNames
  readonly stallTimeout: number
  readonly maxResume: number
  readonly counts: { delivered: number; gaps: number; stalled: number }
  /** Whether there are entries that nobody was told of yet. */
  readonly pending: boolean
  read(place: Cursor): Promise<Page>
  /** Resolves when entries came in, or after a while. */
  moved(): Promise<void>
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

/** Gaps with nothing between them are one within this many ms. */
const SAME_FAILURE = 1_000
/** How long a client's place may be unknown to the tail though the log knows it: this process is behind. */
const AHEAD_LIMIT = 10_000

/** One stream's place in the log. It holds no event: what is not sent yet stays in the tail, once for all streams. */
export class Subscriber implements StreamOwner, Sleeper {
  readonly port: StreamPort
  readonly channels: ChannelSet
  readonly key: string | undefined
  queued = false
  slot?: Set<Sleeper> | undefined
  readonly #hub: SubscriberHub
  readonly #filter: SubscribeOptions['filter']
  readonly #coalesce: SubscribeOptions['coalesce']
  #stage: Stage = 'starting'
  /** Position in the tail of the next entry to look at, and the cursor of the place in front of it. */
  #position = 0
  #place: Cursor = ''
  /** The last event ID that the client was sent. */
  #told: Cursor = ''
  /** When the last thing it was told is a gap: the moment of that. */
  #gapAt = Number.NEGATIVE_INFINITY
  /** Its client has left bytes unread. */
  #slow = false
  #unread = 0
  #progressAt = 0
  #onRoom: (() => void) | undefined
  /** Counts the resets: a read that was under way is of no use after one. */
  #epoch = 0

  constructor(hub: SubscriberHub, port: StreamPort, channels: ChannelSet, options: SubscribeOptions) {
    this.#hub = hub
    this.port = port
    this.channels = channels
    this.key = options.key
    this.#filter = options.filter
    this.#coalesce = options.coalesce
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
      this.#write(encodeBookmark(this.#hub.names.bookmark, this.#told))
      return
    }
    this.#place = from
    this.#told = from
    const position = tail.positionAfter(from)
    if (position === undefined) void this.#read()
    else {
      this.#position = position
      this.#stage = 'live'
      this.#hub.enqueue(this)
    }
  }

  /** Moves on to `position` when it is up to date. False: it comes by itself when it can. */
  advance(position: number, place: Cursor): boolean {
    if (this.#stage !== 'live') return false
    if (this.#position < position) {
      this.#position = position
      this.#place = place
    }
    return true
  }

  /** Hands over a piece of what lies behind its place. */
  visit(): void {
    if (this.#stage !== 'live') return
    const { tail } = this.#hub
    if (this.#position < tail.first) {
      void this.#read('slow')
      return
    }
    const run =
      this.#filter === undefined && this.#coalesce === undefined
        ? this.channels.collect(tail, this.#position)
        : collect(tail, this.#position, tail.next, this.#wanted(tail))
    // The filter may have thrown.
    if (this.#isOver()) return
    this.#position = run.next
    this.#place = tail.cursorBefore(run.next)
    if (run.next === tail.next) this.#slow = false
    if (run.text !== '') this.#deliver(run)
    if (this.#stage === 'live' && run.next < tail.next) this.#hub.enqueue(this)
  }

  /** The log has lost its continuity: `tail` starts anew. */
  reset(reason: GapReason): void {
    if (this.#stage === 'starting' || this.#stage === 'over') return
    this.#epoch++
    this.#onRoom?.()
    wheel.delete(this)
    this.#gap(reason, this.#hub.tail.next)
  }

  onRoom(): void {
    wheel.delete(this)
    if (this.#stage === 'full') {
      this.#stage = 'live'
      this.#hub.enqueue(this)
    } else this.#onRoom?.()
  }

  onOver(): void {
    this.#stage = 'over'
    wheel.delete(this)
    this.#onRoom?.()
    this.#hub.remove(this)
  }

  /** A stream that gets nothing would keep an old place, and be told of a gap when it comes back. */
  onWake(): string {
    const { tail, names, pending } = this.#hub
    if (this.#stage !== 'live' || this.queued || pending || this.#told === tail.head) return ''
    this.#goLive(tail.next)
    this.#gapAt = Number.NEGATIVE_INFINITY
    return encodeBookmark(names.bookmark, this.#told)
  }

  /** Looks whether a client that had bytes unread has read any. */
  wake(now: number): number {
    const { bufferedBytes } = this.port
    if (bufferedBytes < this.#unread) this.#progressAt = now
    this.#unread = bufferedBytes
    const left = this.#progressAt + this.#hub.stallTimeout - now
    if (left > 0) return left
    this.#hub.counts.stalled++
    this.port.destroy('ERR_SSE_SLOW_CLIENT')
    return Number.POSITIVE_INFINITY
  }

  #isOver(): boolean {
    return this.#stage === 'over'
  }

  #goLive(position: number): void {
    this.#stage = 'live'
    this.#position = position
    this.#place = this.#hub.tail.cursorBefore(position)
    this.#told = this.#place
  }

  /** Returns whether there is room for more. */
  #deliver({ text, count, told }: Omit<Run, 'next'>): boolean {
    this.#told = told
    this.#gapAt = Number.NEGATIVE_INFINITY
    this.#hub.counts.delivered += count
    return this.#write(text)
  }

  #write(text: string): boolean {
    if (this.port.write(text)) return true
    if (this.#isOver()) return false
    if (this.#stage === 'live') this.#stage = 'full'
    this.#unread = this.port.bufferedBytes
    if (this.#unread > 0) this.#slow = true
    wheel.delete(this)
    wheel.add(this, this.#hub.stallTimeout)
    // The wheel stands still while nobody waits: its time is right only now.
    this.#progressAt = wheel.now
    return false
  }

  /** Goes on at `position` and tells the client that something in front of it may be missing. */
  #gap(reason: GapReason, position: number): void {
    this.#goLive(position)
    const { names, counts } = this.#hub
    const now = performance.now()
    // One failure of an engine can show twice; whoever is about to fetch afresh need not be told again.
    if (now - this.#gapAt < SAME_FAILURE) this.#write(encodeBookmark(names.bookmark, this.#told))
    else {
      counts.gaps++
      this.#gapAt = now
      this.#write(encodeGap(names.gap, reason, this.#told))
    }
    if (this.#stage === 'live') this.#hub.enqueue(this)
  }

  #wants(entry: HubEntry): boolean {
    if (!this.channels.names.has(entry.channel) || this.#isOver()) return false
    try {
      return this.#filter === undefined || this.#filter(entry)
    } catch (error) {
      this.#fail(error)
      return false
    }
  }

  /** As {@link #wants}; for a client that reads too slowly, only the newest of what replaces one another. */
  #wanted(tail: Tail): (entry: HubEntry, position: number) => boolean {
    const coalesce = this.#coalesce
    if (coalesce === undefined || !this.#slow) return (entry) => this.#wants(entry)
    const keys = new Map<number, string>()
    const newest = new Map<string, number>()
    for (let position = this.#position; position < tail.next; position++) {
      const entry = tail.at(position) as HubEntry
      if (!this.#wants(entry)) continue
      const key = this.#keyOf(coalesce, entry)
      if (key === undefined) continue
      keys.set(position, key)
      newest.set(key, position)
    }
    return (entry, position) => {
      const key = keys.get(position)
      return key === undefined ? this.#wants(entry) : newest.get(key) === position
    }
  }

  #keyOf(coalesce: NonNullable<SubscribeOptions['coalesce']>, entry: HubEntry): string | undefined {
    try {
      return coalesce(entry)
    } catch (error) {
      this.#fail(error)
      return undefined
    }
  }

  /** The app's function threw: this stream ends, nobody else suffers. */
  #fail(error: unknown): void {
    if (this.#isOver()) return
    this.port.end('ERR_SSE_SOURCE_FAILED', '', error)
    this.#hub.onError(error)
  }

  /** Reads the log from its place on, until that is in the tail again. */
  async #read(lost?: 'slow'): Promise<void> {
    this.#stage = 'reading'
    const epoch = this.#epoch
    const hub = this.#hub
    let read = 0
    let aheadSince: number | undefined
    for (;;) {
      const page = await this.#page()
      if (this.#isOver() || this.#epoch !== epoch) return
      const position = hub.tail.positionAfter(this.#place)
      if (position !== undefined) {
        this.#position = position
        this.#stage = 'live'
        hub.enqueue(this)
        return
      }
      if (page.gap) {
        // Exactly what the log has dropped is missing, when that happened under our eyes.
        this.#gap(lost ?? page.reason, lost === undefined ? hub.tail.next : hub.tail.first)
        return
      }
      if (page.entries.length === 0) {
        // The client comes from a process that is further than this one.
        aheadSince ??= performance.now()
        if (performance.now() - aheadSince > AHEAD_LIMIT) {
          this.#gap('expired', hub.tail.next)
          return
        }
        await hub.moved()
        continue
      }
      read += page.entries.length
      if (read > hub.maxResume) {
        this.#gap('too-far', hub.tail.next)
        return
      }
      await this.#deliverPage(page.entries)
      if (this.#isOver() || this.#epoch !== epoch) return
      // It has had a place in the log: what the log drops from here on, it drops because the client is slow.
      lost = 'slow'
    }
  }

  /** The next page; tries again for as long as the log cannot be read and the page is of use. */
  async #page(): Promise<Page> {
    const epoch = this.#epoch
    for (;;) {
      try {
        return await this.#hub.read(this.#place)
      } catch {
        await this.#hub.moved()
        if (this.#isOver() || this.#epoch !== epoch) return { gap: false, entries: [] }
      }
    }
  }

  /** Hands a page over in pieces, each when there is room. */
  async #deliverPage(entries: readonly HubEntry[]): Promise<void> {
    const epoch = this.#epoch
    let at = 0
    while (at < entries.length) {
      const run = collect(entries, at, entries.length, (entry) => this.#wants(entry))
      if (this.#isOver()) return
      at = run.next
      this.#place = (entries[at - 1] as HubEntry).cursor
      if (run.text !== '' && !this.#deliver(run) && !this.#isOver())
        await new Promise<void>((resolve) => {
          this.#onRoom = resolve
        })
      this.#onRoom = undefined
      if (this.#isOver() || this.#epoch !== epoch) return
    }
  }
}
