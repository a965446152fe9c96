import type { Cursor } from '../log/event-log.ts'
import { CatchUp, type CatchUpStep } from './catch-up.ts'
import type { ChannelSet } from './channel-set.ts'
import { checkedFilter } from './checked-filter.ts'
import type { GapReason } from './control-event.ts'
import type { Delivery, Resettable } from './delivery.ts'
import type { EventsOptions, HubItem } from './hub.ts'
import type { HubEntry } from './hub-entry.ts'

/** The entries of a page that the consumer has not taken yet. */
interface PageInHand {
  readonly entries: readonly HubEntry[]
  at: number
  readonly end: Cursor
}

/**
 * The events of channels for code of the same process, one at a time. Like a stream, a consumer is a cursor into the
 * log. A slow consumer holds nothing but this cursor, and reads the log once its position falls off the tail.
 */
export class HubEvents implements AsyncIterableIterator<HubItem>, Resettable {
  readonly channels: ChannelSet
  queued = false
  readonly resting = false
  readonly #delivery: Delivery
  readonly #filter: EventsOptions['filter']
  /** Aborts when the loop ends. */
  readonly #ended = new AbortController()
  readonly #removers: (() => void)[] = []
  #following = false
  /** Undefined while its position is not in the tail, and before the log is followed. */
  #position: number | undefined
  #cursor: Cursor | undefined
  #upToDate = false
  #gapDue: GapReason | undefined
  /** The page that was read from the log and is not used up yet. */
  #page: PageInHand | undefined
  /** Set while it reads the log. */
  #reading: { readonly catchUp: CatchUp; readonly abort: AbortController } | undefined
  #wake: (() => void) | undefined
  /** The last call of next(): calls are answered in order. */
  #turn: Promise<unknown> = Promise.resolve()

  /**
   * @param after - the cursor to start after; undefined: start at the current end
   * @param over - aborts when the hub is closed, which ends the events
   */
  constructor(
    delivery: Delivery,
    channels: ChannelSet,
    after: Cursor | undefined,
    { filter, signal }: EventsOptions,
    over: AbortSignal,
  ) {
    this.#delivery = delivery
    this.channels = channels
    this.#filter = filter
    this.#cursor = after
    if (after === undefined && delivery.isReady) this.#goTo(delivery.tail.next)
    for (const ending of [over, signal]) {
      if (ending === undefined) continue
      const end = () => this.#end()
      if (ending.aborted) end()
      ending.addEventListener('abort', end)
      this.#removers.push(() => ending.removeEventListener('abort', end))
    }
  }

  get position(): number {
    return this.#position ?? Number.POSITIVE_INFINITY
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<HubItem>> {
    const next = this.#turn.then(() => this.#next())
    this.#turn = next.catch(() => {})
    return next
  }

  /** Also settles a pending call of next(). */
  async return(): Promise<IteratorResult<HubItem>> {
    this.#end()
    return { done: true, value: undefined }
  }

  advance(position: number, cursor: Cursor): boolean {
    if (this.#upToDate && this.position < position) {
      this.#position = position
      this.#cursor = cursor
    }
    this.#upToDate = false
    return this.#wake !== undefined
  }

  visit(): void {
    this.#wake?.()
  }

  reset(reason: GapReason): void {
    this.#goTo(this.#delivery.tail.next)
    this.#gapDue = reason
    this.#delivery.enqueue(this)
  }

  async #next(): Promise<IteratorResult<HubItem>> {
    const { signal } = this.#ended
    try {
      if (!this.#following && !signal.aborted) {
        this.#following = true
        this.#delivery.follow(this)
        await Promise.race([this.#delivery.readiness.started, this.#woken()])
        if (this.#cursor === undefined && !signal.aborted) this.#goTo(this.#delivery.tail.next)
      }
      while (!signal.aborted) {
        const item = await this.#step()
        if (item !== undefined) return { done: false, value: item }
      }
    } catch (error) {
      // After the end, an error is caused by the end. Before it, the filter threw: the loop ends with its error.
      if (!signal.aborted) {
        this.#end()
        throw error
      }
    }
    return { done: true, value: undefined }
  }

  /** The next item, or undefined if the caller must try again. */
  async #step(): Promise<HubItem | undefined> {
    if (this.#gapDue !== undefined) return this.#gap(this.#gapDue)
    if (this.#page !== undefined) return this.#takeFrom(this.#page)
    const { tail } = this.#delivery
    if (this.#position === undefined || this.#position < tail.first) return this.#readOn()
    const entry = tail.at(this.#position)
    if (entry === undefined) {
      this.#upToDate = true
      await this.#woken()
      return undefined
    }
    this.#position++
    this.#cursor = entry.cursor
    return this.#itemOf(entry)
  }

  async #readOn(): Promise<HubItem | undefined> {
    const reading = this.#reading ?? this.#startReading(this.#position !== undefined)
    let step: CatchUpStep
    try {
      step = await reading.catchUp.next(this.#cursor as Cursor)
    } catch (error) {
      if (reading.abort.signal.aborted) return undefined
      throw error
    }
    // The log was reset meanwhile, so the page is outdated.
    if (reading.abort.signal.aborted) return undefined
    if (step !== 'reconnect' && 'page' in step) {
      const { page, from } = step
      this.#page = { entries: page.of(this.channels.names, from), at: 0, end: page.end }
      return undefined
    }
    this.#reading = undefined
    // A loop cannot move to another process, so it waits until this process has read far enough.
    if (step === 'reconnect') return undefined
    if ('gap' in step) {
      const { tail } = this.#delivery
      this.#goTo(step.continueAt === 'oldest' ? tail.firstNamed : tail.next)
      return this.#gap(step.gap)
    }
    this.#position = step.position
    return undefined
  }

  /**
   * @param held - whether its position was in the tail, and fell off it
   */
  #startReading(held: boolean): { catchUp: CatchUp; abort: AbortController } {
    const abort = new AbortController()
    this.#position = undefined
    this.#reading = { catchUp: new CatchUp(this.#delivery, this.channels, held, abort.signal), abort }
    return this.#reading
  }

  #takeFrom(page: PageInHand): HubItem | undefined {
    const entry = page.entries[page.at++]
    const isLast = page.at >= page.entries.length
    this.#cursor = isLast ? page.end : (entry?.cursor as Cursor)
    if (isLast) this.#page = undefined
    return entry === undefined ? undefined : this.#itemOf(entry)
  }

  #itemOf(entry: HubEntry): HubItem | undefined {
    const event = entry.publishedOn(this.channels.names)
    if (event === undefined) return undefined
    if (this.#filter !== undefined && !checkedFilter(this.#filter, event)) return undefined
    this.#delivery.counts.delivered++
    return { id: entry.cursor, channel: event.channel, event: entry.event ?? 'message', data: entry.data }
  }

  #gap(reason: GapReason): HubItem {
    this.#gapDue = undefined
    const { counts, names, gapDelay } = this.#delivery
    counts.gaps++
    const data = JSON.stringify({ reason, delay: Math.round(Math.random() * gapDelay) })
    return { id: this.#cursor as Cursor, channel: '', event: names.gap, data }
  }

  #goTo(position: number): void {
    this.#position = position
    this.#cursor = this.#delivery.tail.cursorBefore(position)
    this.#upToDate = false
    this.#page = undefined
    this.#reading?.abort.abort()
    this.#reading = undefined
  }

  /** Resolves when an entry arrives, or when the events end. */
  #woken(): Promise<void> {
    if (this.#ended.signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined
        resolve()
      }
    })
  }

  #end(): void {
    this.#ended.abort()
    for (const remove of this.#removers.splice(0)) remove()
    if (this.#following) this.#delivery.unfollow(this)
    this.#page = undefined
    this.#reading?.abort.abort()
    this.#wake?.()
  }
}
