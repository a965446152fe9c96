import { setTimeout as sleep } from 'node:timers/promises'
import type { Cursor, LogBounds, LogEntry, LogReading } from '@downstream/core'
import { TimeoutError } from '../connection/session.ts'
import { Recent } from '../continuity/recent.ts'
import type { AgeLimit } from './age-limit.ts'
import { formatCursor, isSamePosition, msOf, type Position, parseCursor } from './cursor.ts'
import { PageSize } from './page-size.ts'
import type { RedisStream } from './redis-stream.ts'
import { futureMark, type Row, rowBytes } from './row.ts'

/** The maximum number of rows of one answer. */
const LENGTH = 256
/** For how many cursors a read continues without looking up the entry first. */
const POSITIONS = 1_000
/** The longest time in which a follower notices a loss, and the pause between two checks, in ms. */
const NOTICE = 3_000
const CHECK_EVERY = 20

/** Reads the log from cursors that clients sent. One page may take several answers of Redis. */
export class LogPages {
  readonly #stream: RedisStream
  readonly #ageLimit: AgeLimit | undefined
  readonly #positionOfFollower: () => Position | undefined
  /** Cursors of entries that are in the stream a second time, as far as followers have noticed. */
  readonly repeated: Recent<Cursor> = new Recent(POSITIONS)
  /** Where the last pages ended or timed out, and how large the next one may be. */
  readonly #positions = new Map<Cursor, PageSize>()
  /** The follower did not notice the loss of this entry in time: clients must not wait for it one after another. */
  #overdue: Position | undefined

  /** @param positionOfFollower - the entry that was read last by a follower of this process */
  constructor(
    stream: RedisStream,
    ageLimit: AgeLimit | undefined,
    positionOfFollower: () => Position | undefined = () => undefined,
  ) {
    this.#stream = stream
    this.#ageLimit = ageLimit
    this.#positionOfFollower = positionOfFollower
  }

  /** Implements {@link EventLog.read}. */
  async read(after: Cursor, bounds: LogBounds, signal?: AbortSignal): Promise<LogReading> {
    signal?.throwIfAborted()
    const position = parseCursor(after)
    if (position === undefined) return { gap: true, reason: 'malformed' }
    // Check one row first: otherwise an attacker could make Redis send a page for a forged cursor.
    const size = this.#positions.get(after)
    if (size === undefined && !(await this.#stream.holds(position))) {
      await this.#untilNoticed(signal)
      return { gap: true, reason: 'expired' }
    }
    const page = new Page(position, bounds, this.repeated, await this.#ageLimit?.oldest())
    return this.#fill(page, position, size ?? new PageSize(LENGTH), signal)
  }

  /**
   * If the entry of the follower is lost too, waits until the follower has reported that loss to all clients. A client
   * that got a gap before would get two for one loss.
   */
  async #untilNoticed(signal?: AbortSignal): Promise<void> {
    const position = this.#positionOfFollower()
    if (position === undefined || position === this.#overdue) return
    if (await this.#stream.holds(position)) return
    const end = performance.now() + NOTICE
    while (this.#positionOfFollower() === position) {
      if (performance.now() > end) {
        this.#overdue = position
        return
      }
      await sleep(CHECK_EVERY, undefined, { signal, ref: false })
    }
  }

  async #fill(page: Page, after: Position, size: PageSize, signal?: AbortSignal): Promise<LogReading> {
    for (let position = after; ; ) {
      signal?.throwIfAborted()
      const count = Math.min(size.count(page.bytesLeft), page.lengthLeft)
      const rows = await this.#range(position, count, size)
      // Entries that were dropped meanwhile come before this one: while it is stored, nothing is missing.
      const reading = rows === undefined ? page.end('expired') : page.take(rows)
      if (page.last !== undefined) this.#remember(page.last, size)
      if (reading !== undefined) return reading
      if (rows === undefined || rows.length < count) return page.end()
      position = rows.at(-1) ?? position
    }
  }

  /** The rows after `position`; undefined if it is not stored. */
  async #range(position: Position, count: number, size: PageSize): Promise<Row[] | undefined> {
    try {
      const [first, ...rows] = await this.#stream.range(position.id, count + 1)
      size.arrived(
        rows.length,
        rows.reduce((sum, row) => sum + rowBytes(row), 0),
      )
      return isSamePosition(first, position) ? rows : undefined
    } catch (error) {
      if (error instanceof TimeoutError) {
        size.failed()
        this.#remember(formatCursor(position), size)
      }
      throw error
    }
  }

  #remember(cursor: Cursor, size: PageSize): void {
    this.#positions.delete(cursor)
    this.#positions.set(cursor, size)
    const [oldest] = this.#positions.keys()
    if (this.#positions.size > POSITIONS && oldest !== undefined) this.#positions.delete(oldest)
  }
}

/** Collects the entries for one client, up to the bounds. */
class Page {
  readonly #bounds: LogBounds
  readonly #repeated: Recent<Cursor>
  readonly #oldest: number | undefined
  readonly #entries: LogEntry[] = []
  readonly #nonces = new Set<string>()
  #bytes = 0

  constructor(after: Position, bounds: LogBounds, repeated: Recent<Cursor>, oldest: number | undefined) {
    this.#bounds = bounds
    this.#repeated = repeated
    this.#oldest = oldest
    this.#nonces.add(after.nonce)
  }

  /** How many more entries, and how many more bytes, fit. */
  get lengthLeft(): number {
    return this.#bounds.length - this.#entries.length
  }

  get bytesLeft(): number {
    return this.#bounds.bytes - this.#bytes
  }

  get last(): Cursor | undefined {
    return this.#entries.at(-1)?.cursor
  }

  /** Takes rows up to the bounds; returns the reading once it is complete. */
  take(rows: readonly Row[]): LogReading | undefined {
    for (const row of rows) {
      // End the page before the mark. The next read begins there, and returns the gap.
      if (row.mark?.kind === 'fork') return this.end('log-changed')
      if (row.unreadable === 'future') throw futureMark()
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

  /** The reading with the entries that were taken. Without any, it is the gap, if one is given. */
  end(gap?: 'expired' | 'log-changed'): LogReading {
    if (gap !== undefined && this.#entries.length === 0) return { gap: true, reason: gap }
    return { gap: false, entries: this.#entries }
  }
}
