import type { LogBounds } from './event-log.ts'

/** An entry of a ring. The caller knows its bytes; the ring only adds them up. */
export interface Sized {
  readonly bytes: number
}

/**
 * The newest entries within bounds, by position. Positions only grow: the first entry ever is 0. The newest entry is
 * held even when it alone is larger than the bound.
 */
export class Ring<T extends Sized> {
  readonly #bounds: LogBounds
  readonly #slots: (T | undefined)[] = []
  #first = 0
  #next = 0
  #bytes = 0

  constructor(bounds: LogBounds) {
    this.#bounds = bounds
  }

  /** Position of the oldest entry held; equal to {@link next} when there is none. */
  get first(): number {
    return this.#first
  }

  /** Position of the next entry. */
  get next(): number {
    return this.#next
  }

  get length(): number {
    return this.#next - this.#first
  }

  get bytes(): number {
    return this.#bytes
  }

  /** The entry at a position; undefined if it was dropped or does not exist yet. */
  at(position: number): T | undefined {
    if (position < this.#first || position >= this.#next) return undefined
    return this.#slots[position % this.#bounds.length]
  }

  /** Adds `entry` at the end and drops the oldest entries beyond the bounds; calls `onDrop` for each of them. */
  push(entry: T, onDrop?: (dropped: T) => void): void {
    if (this.length === this.#bounds.length) this.#drop(onDrop)
    this.#slots[this.#next++ % this.#bounds.length] = entry
    this.#bytes += entry.bytes
    while (this.#bytes > this.#bounds.bytes && this.length > 1) this.#drop(onDrop)
  }

  #drop(onDrop: ((dropped: T) => void) | undefined): void {
    const slot = this.#first++ % this.#bounds.length
    const dropped = this.#slots[slot] as T
    this.#slots[slot] = undefined
    this.#bytes -= dropped.bytes
    onDrop?.(dropped)
  }
}
