import { randomBytes } from 'node:crypto'
import { SseError, warn } from '../errors.ts'
import { checkOptionNames, invalidOption } from '../wire/invalid-option.ts'
import { entryBytes } from './entry-bytes.ts'
import type {
  Cursor,
  EventLog,
  LogBounds,
  LogEntry,
  LogFollower,
  LogReading,
  NewLogEntry,
} from './event-log.ts'
import { Ring } from './ring.ts'

interface HeldEntry extends LogEntry {
  readonly bytes: number
}

interface Following {
  readonly follower: LogFollower
  /** Position of the first entry that was not in the backlog of `start`. */
  readonly from: number
  readonly end: () => void
}

/** `<epoch>-<number in base 36>`. The range of the number is checked against the ring. */
const CURSOR = /^([\da-f]{12})-([\da-z]{1,11})$/

/**
 * The log of one process: nothing to install, and nothing survives a restart. Its cursors are `<epoch>-<n>`. The epoch
 * is random, so a cursor of another process or from before a restart is recognized.
 */
export class MemoryLog implements EventLog {
  readonly #epoch = randomBytes(6).toString('hex')
  readonly #ring: Ring<HeldEntry>
  readonly #followings = new Set<Following>()
  /** Entries that not all followers have received. An entry that a follower appends meanwhile must come after them. */
  readonly #unannounced: { position: number; entry: HeldEntry }[] = []
  #closed = false

  /**
   * @param bounds - how much history is held; default: 10 000 entries and 16 MiB of their text
   * @throws SseError ERR_SSE_INVALID_OPTION
   */
  constructor(bounds: Partial<LogBounds> = {}) {
    checkOptionNames(bounds, ['length', 'bytes'], 'bounds of a MemoryLog')
    const { length = 10_000, bytes = 16_777_216 } = bounds
    for (const [name, value] of Object.entries({ length, bytes })) {
      if (Number.isSafeInteger(value) && value > 0) continue
      throw invalidOption(name, 'an integer above 0', value)
    }
    this.#ring = new Ring({ length, bytes })
  }

  async append(added: NewLogEntry): Promise<Cursor> {
    if (this.#closed)
      throw new SseError(
        'ERR_SSE_LOG_CLOSED',
        'The log is closed. Stop the code that publishes, then close the hub.',
      )
    const position = this.#ring.next
    const cursor = this.#cursor(position + 1)
    const { event, data } = added
    const entry: HeldEntry = { cursor, channels: [...added.channels], event, data, bytes: entryBytes(added) }
    this.#ring.push(entry)
    this.#unannounced.push({ position, entry })
    if (this.#unannounced.length === 1) this.#announce()
    return cursor
  }

  async read(after: Cursor, bounds: LogBounds, signal?: AbortSignal): Promise<LogReading> {
    signal?.throwIfAborted()
    const [, epoch, number] = CURSOR.exec(after) ?? []
    if (number === undefined) return { gap: true, reason: 'malformed' }
    if (epoch !== this.#epoch) return { gap: true, reason: 'expired' }
    // The cursor of the n-th entry is n, so n is also the position after it.
    const position = Number.parseInt(number, 36)
    if (this.#cursor(position) !== after || position > this.#ring.next)
      return { gap: true, reason: 'malformed' }
    if (position < this.#ring.first) return { gap: true, reason: 'expired' }
    return { gap: false, entries: this.#take(position, 1, bounds) }
  }

  follow(follower: LogFollower, { backlog }: { backlog: LogBounds }): Promise<void> {
    const { next } = this.#ring
    return new Promise((resolve) => {
      if (this.#closed) resolve()
      else this.#followings.add({ follower, from: next, end: resolve })
      guard(() => follower.start(this.#cursor(next), this.#take(next - 1, -1, backlog).reverse()))
      guard(() => follower.state(true))
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const { end } of this.#followings) end()
    this.#followings.clear()
  }

  #announce(): void {
    // An array's iterator also visits what is pushed during the iteration.
    for (const { position, entry } of this.#unannounced) {
      for (const { follower, from } of this.#followings)
        if (position >= from) guard(() => follower.entries([entry]))
    }
    this.#unannounced.length = 0
  }

  #cursor(position: number): Cursor {
    return `${this.#epoch}-${position.toString(36)}`
  }

  /** The entries from `position` on, forwards or backwards, within the bounds. */
  #take(position: number, step: 1 | -1, { length, bytes }: LogBounds): LogEntry[] {
    const entries: LogEntry[] = []
    let size = 0
    for (let at = position; entries.length < length; at += step) {
      const entry = this.#ring.at(at)
      size += entry?.bytes ?? 0
      if (entry === undefined || (size > bytes && entries.length > 0)) break
      entries.push(entry)
    }
    return entries
  }
}

/** A follower that throws must neither stop the others nor reject the append: the entry is stored. */
function guard(call: () => void): void {
  try {
    call()
  } catch (error) {
    warn(error)
  }
}
