import { entryBytes } from '../log/entry-bytes.ts'
import type { Cursor, EventLog } from '../log/event-log.ts'
import { clock } from '../process/clock.ts'
import { Page } from './page.ts'
import { RecentPages } from './recent-pages.ts'
import { PIECE } from './run.ts'

/** What follows a place: the entries of `page` from the index `from` on. */
export type PageReading =
  | { readonly gap: false; readonly page: Page; readonly from: number }
  | { readonly gap: true; readonly reason: 'expired' | 'malformed' | 'log-changed' }

/** A thousand clients that come back at once must not become a thousand reads at once. */
const MAX_READS = 4

/** One read for all that wait at a place. */
interface SharedRead {
  readonly answer: Promise<PageReading>
  readonly abort: AbortController
  waiting: number
}

/**
 * Reads the log for streams whose place is not in the tail. Few reads run at once, the others wait in the order in
 * which they came; each stream has at most one. Equal places share a read, and places close together share pages.
 */
export class LogReader {
  readonly #log: EventLog
  readonly #onError: (error: unknown) => void
  readonly #shared = new Map<Cursor, SharedRead>()
  readonly #recent = new RecentPages()
  readonly #queue = new Set<() => void>()
  readonly counts = { reads: 0, bytes: 0 }
  #running = 0

  /** @param onError - called with the error of a read that failed: once, however many streams share it */
  constructor(log: EventLog, onError: (error: unknown) => void) {
    this.#log = log
    this.#onError = onError
  }

  /**
   * At most a page of the entries behind `place`. Rejects with the log's own error, or with the reason of `signal`: then
   * nothing is read for this caller any more.
   */
  async read(place: Cursor, signal: AbortSignal): Promise<PageReading> {
    signal.throwIfAborted()
    const recent = this.#recent.behind(place)
    if (recent !== undefined) return recent
    const read = this.#shared.get(place) ?? this.#share(place)
    read.waiting++
    let leave: () => void = () => {}
    const left = new Promise<never>((_, reject) => {
      leave = () => reject(signal.reason)
      signal.addEventListener('abort', leave, { once: true })
    })
    try {
      return await Promise.race([read.answer, left])
    } finally {
      signal.removeEventListener('abort', leave)
      if (--read.waiting === 0) this.#drop(place, read, signal.reason)
    }
  }

  /** The log has lost its continuity: pages that were read before may hold what it has no longer. */
  reset(): void {
    this.#recent.clear()
  }

  #share(place: Cursor): SharedRead {
    const abort = new AbortController()
    const read: SharedRead = { answer: this.#read(place, abort.signal), abort, waiting: 0 }
    // When all that waited for it have left, nobody is there to catch its rejection.
    read.answer.catch(() => {})
    this.#shared.set(place, read)
    return read
  }

  #drop(place: Cursor, read: SharedRead, reason: unknown): void {
    if (this.#shared.get(place) === read) this.#shared.delete(place)
    read.abort.abort(reason)
  }

  async #read(place: Cursor, signal: AbortSignal): Promise<PageReading> {
    if (this.#running < MAX_READS) this.#running++
    else await this.#turn(signal)
    try {
      // A log in memory answers within the turn: a client that is far behind would hold up everybody else.
      await new Promise<void>((resolve) => void clock.setImmediate(resolve))
      signal.throwIfAborted()
      // Another stream may have read it meanwhile.
      const recent = this.#recent.behind(place)
      if (recent !== undefined) return recent
      const reading = await this.#log.read(place, PIECE, signal)
      if (reading.gap) return reading
      this.counts.reads++
      for (const entry of reading.entries) this.counts.bytes += entryBytes(entry)
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
