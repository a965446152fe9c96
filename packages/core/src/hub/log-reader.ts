import type { Cursor, EventLog, LogBounds } from '../log/event-log.ts'
import { HubEntry } from './hub-entry.ts'

/** A page of the log, encoded at most once for all who read it. */
export type Page =
  | { readonly gap: false; readonly entries: readonly HubEntry[] }
  | { readonly gap: true; readonly reason: 'expired' | 'malformed' | 'log-changed' }

/** How much of the log is read at once. */
const PAGE: LogBounds = { length: 1_000, bytes: 65_536 }
/** A thousand clients that come back at once must not become a thousand reads at once. */
const MAX_READS = 4

/** Reads the log for streams that are not in the tail: equal places share a read, and few run at once. */
export class LogReader {
  readonly #log: EventLog
  readonly #onError: (error: unknown) => void
  readonly #shared = new Map<Cursor, Promise<Page>>()
  readonly #waiting: (() => void)[] = []
  #running = 0

  /** @param onError - hears of a read that failed: once, however many share it */
  constructor(log: EventLog, onError: (error: unknown) => void) {
    this.#log = log
    this.#onError = onError
  }

  /** The entries behind `place`, at most a page of them. Rejects with the log's own error. */
  read(place: Cursor): Promise<Page> {
    const shared = this.#shared.get(place)
    if (shared !== undefined) return shared
    const page = this.#read(place).finally(() => this.#shared.delete(place))
    this.#shared.set(place, page)
    return page
  }

  async #read(place: Cursor): Promise<Page> {
    if (this.#running === MAX_READS) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#running++
    try {
      const reading = await this.#log.read(place, PAGE)
      if (reading.gap) return reading
      return { gap: false, entries: reading.entries.map((entry) => new HubEntry(entry)) }
    } catch (error) {
      this.#onError(error)
      throw error
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#running--
      else next()
    }
  }
}
