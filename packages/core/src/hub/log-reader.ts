import { entryBytes } from '../log/entry-bytes.ts'
import type { Cursor, EventLog } from '../log/event-log.ts'
import { clock } from '../process/clock.ts'
import { Page } from './page.ts'
import { type PagePlace, RecentPages } from './recent-pages.ts'
import { PIECE } from './run.ts'

/** What follows a place: the entries of `page` from the index `from` on. */
export type PageReading =
  | PagePlace
  | { readonly gap: true; readonly reason: 'expired' | 'malformed' | 'log-changed' }

/** A thousand clients that reconnect at once must not become a thousand reads at once. */
const MAX_READS = 4

/** One read for all that wait at a place, by their signals. */
interface SharedRead {
  readonly abort: AbortController
  readonly waiting: Map<AbortSignal, Waiter>
}

interface Waiter {
  resolve(reading: PageReading): void
  reject(reason: unknown): void
}

/**
 * Reads the log for streams whose place is not in the tail. Few reads run at once, the others wait in the order in
 * which they came; each stream has at most one. Equal places share a read, and places close together share pages.
 */
export class LogReader {
  readonly #log: EventLog
  readonly #onError: (error: unknown) => void
  readonly #shared = new Map<Cursor, SharedRead>()
  /** What each reader has asked for last. */
  readonly #places = new WeakMap<AbortSignal, Cursor>()
  readonly #recent = new RecentPages()
  readonly #queue = new Set<() => void>()
  readonly counts = { reads: 0, bytes: 0 }
  #running = 0

  /** @param onError - called with the error of a read that failed: once, however many streams share it */
  constructor(log: EventLog, onError: (error: unknown) => void) {
    this.#log = log
    this.#onError = onError
  }

  /** What follows `place`, when it was read a moment ago. */
  recent(place: Cursor): PagePlace | undefined {
    return this.#recent.behind(place)
  }

  /**
   * At most a page of the entries behind `place`. Rejects with the log's own error, or with the reason of `signal`: then
   * nothing is read for this caller any more. One call at a time for each signal.
   */
  async read(place: Cursor, signal: AbortSignal): Promise<PageReading> {
    signal.throwIfAborted()
    const recent = this.#recent.behind(place)
    if (recent !== undefined) return recent
    const read = this.#shared.get(place) ?? this.#share(place)
    // One listener for each signal, not for each page: that would be most of what a page costs.
    if (!this.#places.has(signal)) signal.addEventListener('abort', () => this.#leave(signal), { once: true })
    this.#places.set(signal, place)
    return new Promise((resolve, reject) => read.waiting.set(signal, { resolve, reject }))
  }

  /** The log has lost its continuity: pages that were read before may hold what it has no longer. */
  reset(): void {
    this.#recent.clear()
  }

  #share(place: Cursor): SharedRead {
    const read: SharedRead = { abort: new AbortController(), waiting: new Map() }
    this.#shared.set(place, read)
    const settle = (tell: (waiter: Waiter) => void) => {
      if (this.#shared.get(place) === read) this.#shared.delete(place)
      for (const waiter of read.waiting.values()) tell(waiter)
      read.waiting.clear()
    }
    this.#read(place, read.abort.signal).then(
      (reading) => settle((waiter) => waiter.resolve(reading)),
      (error) => settle((waiter) => waiter.reject(error)),
    )
    return read
  }

  #leave(signal: AbortSignal): void {
    const place = this.#places.get(signal) as Cursor
    const read = this.#shared.get(place)
    const waiter = read?.waiting.get(signal)
    if (read === undefined || waiter === undefined) return
    read.waiting.delete(signal)
    waiter.reject(signal.reason)
    if (read.waiting.size > 0) return
    this.#shared.delete(place)
    read.abort.abort(signal.reason)
  }

  async #read(place: Cursor, signal: AbortSignal): Promise<PageReading> {
    if (this.#running < MAX_READS) this.#running++
    else await this.#turn(signal)
    try {
      // A log in memory answers within the turn: a client that lags far would delay all others.
      await new Promise<void>((resolve) => void clock.setImmediate(resolve))
      signal.throwIfAborted()
      // Another stream may have read it meanwhile.
      const recent = this.#recent.behind(place)
      if (recent !== undefined) return recent
      const reading = await this.#log.read(place, PIECE, signal)
      if (reading.gap) return reading
      this.counts.reads++
      for (const entry of reading.entries) this.counts.bytes += entryBytes(entry)
      // Reads that run side by side would go on side by side, each with pages of its own, to the end of the log.
      const other = this.#shared.size > 1 ? this.#recent.besides(place) : undefined
      if (other !== undefined) return other
      const page = new Page(reading.entries)
      this.#recent.add(place, page)
      return { gap: false, page, from: 0 }
    } catch (error) {
      if (!signal.aborted) this.#onError(error)
      throw error
    } finally {
      const [next] = this.#queue
      if (next === undefined) this.#running--
      else {
        this.#queue.delete(next)
        next()
      }
    }
  }

  /** Waits for another read to end. A read that nobody waits for any more leaves the queue. */
  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const run = () => resolve()
      this.#queue.add(run)
      signal.addEventListener('abort', () => {
        if (this.#queue.delete(run)) reject(signal.reason)
      })
    })
  }
}
