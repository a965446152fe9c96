import type { Cursor, LogBounds, LogEntry, LogReading } from '@downstream/core'
import { TimeoutError } from '../connection/session.ts'
import { Recent } from '../continuity/recent.ts'
import type { AgeLimit } from './age-limit.ts'
import { formatCursor, isSamePlace, msOf, type Place, parseCursor } from './cursor.ts'
import { PageSize } from './page-size.ts'
import type { RedisStream } from './redis-stream.ts'
import { futureMark, type Row, rowBytes } from './row.ts'

/** Rows of one answer. */
const LENGTH = 256
/** For how many cursors a read continues without looking up the entry first. */
const PLACES = 1_000
/** How long the follower takes at most to notice a loss, and how often to look whether it has, in ms. */
const NOTICE = 3_000
const LOOK = 20

/** Reads the log from cursors that clients sent. A page of it may take several answers of Redis. */
export class LogPages {
  readonly #stream: RedisStream
  readonly #ageLimit: AgeLimit | undefined
  readonly #placeOfFollower: () => Place | undefined
  /** Cursors of entries that are in the stream a second time, as far as followers have come across them. */
  readonly repeated: Recent<Cursor> = new Recent(PLACES)
  /** Where the last pages ended or timed out, and how large the next one may be. */
  readonly #places = new Map<Cursor, PageSize>()

  /** @param placeOfFollower - the entry that was read last by a follower of this process */
  constructor(
    stream: RedisStream,
    ageLimit: AgeLimit | undefined,
    placeOfFollower: () => Place | undefined = () => undefined,
  ) {
    this.#stream = stream
    this.#ageLimit = ageLimit
    this.#placeOfFollower = placeOfFollower
  }

  /** As {@link EventLog.read}. */
  async read(after: Cursor, bounds: LogBounds, signal?: AbortSignal): Promise<LogReading> {
    signal?.throwIfAborted()
    const place = parseCursor(after)
    if (place === undefined) return { gap: true, reason: 'malformed' }
    // One row shows whether the cursor is forged. Otherwise an attacker could make Redis send a page for it.
    const size = this.#places.get(after)
    if (size === undefined && !(await this.#stream.holds(place))) {
      await this.#untilNoticed(signal)
      return { gap: true, reason: 'expired' }
    }
    const page = new Page(place, bounds, this.repeated, await this.#ageLimit?.oldest())
    return this.#fill(page, place, size ?? new PageSize(LENGTH), signal)
  }

  /**
   * Waits when the entry of the follower is gone too: it will report that loss to all clients. A client that got a gap
   * of its own before would get two for one loss.
   */
  async #untilNoticed(signal?: AbortSignal): Promise<void> {
    const place = this.#placeOfFollower()
    if (place === undefined || (await this.#stream.holds(place))) return
    const end = performance.now() + NOTICE
    while (this.#placeOfFollower() === place && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, LOOK))
      signal?.throwIfAborted()
    }
  }

  async #fill(page: Page, after: Place, size: PageSize, signal?: AbortSignal): Promise<LogReading> {
    for (let place = after; ; ) {
      signal?.throwIfAborted()
      const count = Math.min(size.count(page.bytesLeft), page.lengthLeft)
      const rows = await this.#range(place, count, size)
      // Entries that were dropped meanwhile came before this one: while it is stored, nothing is missing.
      const reading = rows === undefined ? page.end('expired') : page.take(rows)
      if (page.last !== undefined) this.#remember(page.last, size)
      if (reading !== undefined) return reading
      if (rows === undefined || rows.length < count) return page.end()
      place = rows.at(-1) ?? place
    }
  }

  /** Rows after `place`; undefined when that is not stored. */
  async #range(place: Place, count: number, size: PageSize): Promise<Row[] | undefined> {
    try {
      const [first, ...rows] = await this.#stream.range(place.id, count + 1)
      size.took(
        rows.length,
        rows.reduce((sum, row) => sum + rowBytes(row), 0),
      )
      return isSamePlace(first, place) ? rows : undefined
    } catch (error) {
      if (error instanceof TimeoutError) {
        size.failed()
        this.#remember(formatCursor(place), size)
      }
      throw error
    }
  }

  #remember(cursor: Cursor, size: PageSize): void {
    this.#places.delete(cursor)
    this.#places.set(cursor, size)
    const [oldest] = this.#places.keys()
    if (this.#places.size > PLACES && oldest !== undefined) this.#places.delete(oldest)
  }
}

/** Entries for one client, as far as the bounds go. */
class Page {
  readonly #bounds: LogBounds
  readonly #repeated: Recent<Cursor>
  readonly #oldest: number | undefined
  readonly #entries: LogEntry[] = []
  readonly #nonces = new Set<string>()
  #bytes = 0

  constructor(after: Place, bounds: LogBounds, repeated: Recent<Cursor>, oldest: number | undefined) {
    this.#bounds = bounds
    this.#repeated = repeated
    this.#oldest = oldest
    this.#nonces.add(after.nonce)
  }

  /** How many more entries it takes, and how many more bytes. */
  get lengthLeft(): number {
    return this.#bounds.length - this.#entries.length
  }

  get bytesLeft(): number {
    return this.#bounds.bytes - this.#bytes
  }

  get last(): Cursor | undefined {
    return this.#entries.at(-1)?.cursor
  }

  /** Takes rows up to the bounds; returns the reading when it is complete. */
  take(rows: readonly Row[]): LogReading | undefined {
    for (const row of rows) {
      // This read returns the entries before the mark; the next one begins at it, and returns the gap.
      if (row.mark?.kind === 'fork') return this.end('log-changed')
      if (row.alien === 'future') throw futureMark()
      const { entry } = row
      if (entry === undefined || this.#nonces.has(row.nonce) || this.#repeated.has(entry.cursor)) continue
      if (this.#oldest !== undefined && msOf(row.id) < this.#oldest) return this.end('expired')
      const bytes = this.#bytes + rowBytes(row)
      if (this.#entries.length > 0 && bytes > this.#bounds.bytes) return this.end()
      this.#entries.push(entry)
      this.#nonces.add(row.nonce)
      this.#bytes = bytes
      if (this.lengthLeft === 0) return this.end()
    }
    return undefined
  }

  /** The reading with what was taken; without any, `gap` says why there is none. */
  end(gap?: 'expired' | 'log-changed'): LogReading {
    if (gap !== undefined && this.#entries.length === 0) return { gap: true, reason: gap }
    return { gap: false, entries: this.#entries }
  }
}
