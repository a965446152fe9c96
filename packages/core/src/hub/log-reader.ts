import type { Cursor, EventLog } from '../log/event-log.ts'
import { clock } from '../process/clock.ts'
import { inNoContext } from '../process/no-context.ts'
import { Page } from './page.ts'
import { type PagePosition, RecentPages } from './recent-pages.ts'
import { PIECE } from './run.ts'

/** The entries after a cursor: those of `page` from the index `from` on. */
export type PageReading =
  | PagePosition
  | { readonly gap: true; readonly reason: 'expired' | 'malformed' | 'log-changed' }

/**
 * How many reads of the log run at once. A thousand clients that reconnect together would otherwise cause a thousand.
 */
const MAX_READS = 4

/** Pages that are read before several streams at one cursor are woken: waking them costs more than a read. */
const PAGES_TOGETHER = 8

/** One read for all callers that wait at a cursor, by their signals. */
interface SharedRead {
  readonly abort: AbortController
  readonly waiting: Map<AbortSignal, Waiter>
}

interface Waiter {
  resolve(reading: PageReading): void
  reject(reason: unknown): void
}

/**
 * Reads the log for streams whose position is not in the tail. Few reads run at once; the others wait in order of
 * arrival. Each stream has at most one. Streams at the same cursor share a read, and streams close together share
 * pages.
 */
export class LogReader {
  readonly #log: EventLog
  readonly #onError: (error: unknown) => void
  readonly #shared = new Map<Cursor, SharedRead>()
  /** The cursor that each reader asked for last. */
  readonly #cursors = new WeakMap<AbortSignal, Cursor>()
  readonly #recent = new RecentPages()
  /** Settles, never with an error, when the page after the cursor was read: no other stream must read it meanwhile. */
  readonly #reading = new Map<Cursor, Promise<void>>()
  readonly #queue = new Set<() => void>()
  readonly counts = { reads: 0, bytes: 0 }
  #running = 0
  /** The last read failed. */
  #failing = false

  /**
   * @param onError - called with the error of the first failed read, and again only after a read has succeeded: an
   *   outage would otherwise report every attempt of every client
   */
  constructor(log: EventLog, onError: (error: unknown) => void) {
    this.#log = log
    this.#onError = onError
  }

  /** The entries after `cursor`, if they were read a moment ago. */
  recent(cursor: Cursor): PagePosition | undefined {
    return this.#recent.after(cursor)
  }

  /**
   * Reads at most one page of the entries after `cursor`. Rejects with the log's own error, or with the reason of
   * `signal`, which ends the read for this caller. One call at a time for each signal.
   */
  async read(cursor: Cursor, signal: AbortSignal): Promise<PageReading> {
    signal.throwIfAborted()
    const recent = this.#recent.after(cursor)
    if (recent !== undefined) return recent
    const read = this.#shared.get(cursor) ?? this.#share(cursor)
    // Add one listener per signal, not per page: that would be most of the cost of a page.
    if (!this.#cursors.has(signal)) signal.addEventListener('abort', () => this.#drop(signal), { once: true })
    this.#cursors.set(signal, cursor)
    return new Promise((resolve, reject) => read.waiting.set(signal, { resolve, reject }))
  }

  /** The log lost its continuity: pages that were read before may hold entries that it no longer has. */
  reset(): void {
    this.#recent.clear()
  }

  #share(cursor: Cursor): SharedRead {
    const read: SharedRead = { abort: new AbortController(), waiting: new Map() }
    this.#shared.set(cursor, read)
    const settle = (settleOne: (waiter: Waiter) => void) => {
      if (this.#shared.get(cursor) === read) this.#shared.delete(cursor)
      for (const waiter of read.waiting.values()) settleOne(waiter)
      read.waiting.clear()
    }
    this.#read(cursor, read.abort.signal).then(
      (reading) => settle((waiter) => waiter.resolve(reading)),
      (error) => settle((waiter) => waiter.reject(error)),
    )
    return read
  }

  #drop(signal: AbortSignal): void {
    const cursor = this.#cursors.get(signal) as Cursor
    const read = this.#shared.get(cursor)
    const waiter = read?.waiting.get(signal)
    if (read === undefined || waiter === undefined) return
    read.waiting.delete(signal)
    waiter.reject(signal.reason)
    if (read.waiting.size > 0) return
    this.#shared.delete(cursor)
    inNoContext(() => read.abort.abort(signal.reason))
  }

  async #read(cursor: Cursor, signal: AbortSignal): Promise<PageReading> {
    if (this.#running < MAX_READS) this.#running++
    else await this.#turn(signal)
    try {
      // A MemoryLog answers within the same turn, so a client that lags far would delay all others.
      await new Promise<void>((resolve) => void clock.setImmediate(resolve))
      await this.#reading.get(cursor)
      signal.throwIfAborted()
      // Another stream may have read this page meanwhile.
      const recent = this.#recent.after(cursor)
      if (recent !== undefined) return recent
      const reading = await this.#readPage(cursor, signal)
      this.#failing = false
      if (!reading.gap) await this.#readAhead(cursor, reading.page, signal)
      return reading
    } catch (error) {
      if (signal.aborted) throw error
      if (!this.#failing) this.#onError(error)
      this.#failing = true
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

  #readPage(cursor: Cursor, signal: AbortSignal): Promise<PageReading> {
    const reading = this.#readNow(cursor, signal)
    const over = () => void this.#reading.delete(cursor)
    this.#reading.set(cursor, reading.then(over, over))
    return reading
  }

  async #readNow(cursor: Cursor, signal: AbortSignal): Promise<PageReading> {
    // Several streams may share the page, so it is read in the context of none of them.
    const reading = await inNoContext(() => this.#log.read(cursor, PIECE, signal))
    if (reading.gap) return reading
    const page = new Page(reading.entries)
    // Otherwise concurrent reads from nearby cursors would never share a page, up to the end of the log.
    const other = this.#shared.size > 1 ? this.#recent.afterConcurrent(cursor) : undefined
    this.counts.reads++
    this.counts.bytes += page.bytes
    if (other !== undefined) return other
    this.#recent.add(cursor, page)
    return { gap: false, page, from: 0 }
  }

  /** Reads more pages after `page` if several streams wait for it at `cursor`. */
  async #readAhead(cursor: Cursor, page: Page, signal: AbortSignal): Promise<void> {
    try {
      for (let last = page, pages = 1; pages < PAGES_TOGETHER && isFull(last); pages++) {
        const waiting = this.#shared.get(cursor)?.waiting.size ?? 0
        if (waiting < 2 || this.#reading.has(last.end) || this.#recent.after(last.end) !== undefined) return
        const next = await this.#readPage(last.end, signal)
        if (next.gap) return
        last = next.page
      }
    } catch {
      // Streams that reach that page read it themselves, and then the error is reported.
    }
  }

  /** Waits for another read to end. A read that no caller waits for any more is removed from the queue. */
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

/** Whether the log probably has more after it. */
function isFull({ length, bytes }: Page): boolean {
  return length >= PIECE.length || bytes > PIECE.bytes / 2
}
