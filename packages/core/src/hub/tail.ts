import type { Cursor, LogBounds, LogEntry } from '../log/event-log.ts'
import { Ring } from '../log/ring.ts'
import { clock } from '../process/clock.ts'
import { HubEntry } from './hub-entry.ts'

/**
 * The end of the log, held in this process once for all streams. A position in it is a number; a cursor from a client
 * is looked up and never calculated with.
 */
export class Tail {
  readonly #bounds: LogBounds
  readonly #ring: Ring<HubEntry>
  readonly #positions = new Map<Cursor, number>()
  /** The cursor of the entry before the oldest one; '' if it is not known. */
  #base: Cursor
  /** Bytes of all entries that were ever added. */
  #taken = 0

  constructor(bounds: LogBounds, head: Cursor, backlog: readonly LogEntry[]) {
    this.#bounds = bounds
    this.#ring = new Ring(bounds)
    this.#base = backlog.length === 0 ? head : ''
    for (const entry of backlog) this.push(entry)
  }

  /** Position of the oldest entry. */
  get first(): number {
    return this.#ring.first
  }

  /** The oldest position that has a cursor. A client never receives `''` as an id. */
  get firstNamed(): number {
    return this.#base === '' ? this.first + 1 : this.first
  }

  get next(): number {
    return this.#ring.next
  }

  get length(): number {
    return this.#ring.length
  }

  get bytes(): number {
    return this.#ring.bytes
  }

  /** How many ms ago this process received the oldest entry; 0 if there is none. */
  get age(): number {
    const oldest = this.at(this.first)
    return oldest === undefined ? 0 : Math.round(clock.now() - oldest.since)
  }

  /** The cursor of the end. */
  get head(): Cursor {
    return this.cursorBefore(this.next)
  }

  at(position: number): HubEntry | undefined {
    return this.#ring.at(position)
  }

  /** The cursor of the entry before `position`; '' if it is not in the tail. */
  cursorBefore(position: number): Cursor {
    return position === this.first ? this.#base : (this.at(position - 1)?.cursor ?? '')
  }

  /** The position after `cursor`; undefined if it is not in the tail. */
  positionAfter(cursor: Cursor): number | undefined {
    if (cursor === '') return undefined
    if (cursor === this.#base) return this.first
    const position = this.#positions.get(cursor)
    return position === undefined ? undefined : position + 1
  }

  /** Whether the entries from `position` on are half of what the tail may hold, by count or by bytes. */
  isHalfFullAfter(position: number): boolean {
    const { length, bytes } = this.#bounds
    if (this.next - position >= length / 2) return true
    const offset = this.at(position)?.offset ?? this.#taken
    return this.#taken - offset >= bytes / 2
  }

  push(entry: LogEntry): HubEntry {
    const held = new HubEntry(entry)
    held.offset = this.#taken
    held.since = clock.now()
    this.#taken += held.bytes
    this.#positions.set(entry.cursor, this.next)
    this.#ring.push(held, (dropped) => {
      this.#positions.delete(dropped.cursor)
      this.#base = dropped.cursor
    })
    return held
  }
}
