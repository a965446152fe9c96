import { isBefore, type Place } from './cursor.ts'

/** Far more than can be on their way; beyond it the oldest are given up. */
const LIMIT = 10_000

/**
 * The entries that Redis has confirmed to this process and that have not come by yet. They come in the order in which
 * they were confirmed: one that is passed over, a failover has lost, and nobody else may know.
 */
export class Unseen {
  readonly #places = new Map<string, Place>()
  /** The newest that was passed over. */
  #passed: Place | undefined

  confirm(place: Place): void {
    this.#places.set(place.nonce, place)
    const [oldest] = this.#places.keys()
    if (this.#places.size > LIMIT && oldest !== undefined) this.#places.delete(oldest)
  }

  /** The entry has come by. */
  see(nonce: string): void {
    if (!this.#places.has(nonce)) return
    for (const [other, place] of this.#places) {
      this.#places.delete(other)
      if (other === nonce) return
      this.#passed = place
    }
  }

  /**
   * The newest entry that should have come by now; undefined when there is none.
   *
   * @param id - everything up to it has come by
   * @param isAll - and there is nothing behind it
   */
  overdue(id: string, isAll: boolean): Place | undefined {
    let overdue = this.#passed
    for (const place of this.#places.values()) {
      if (!isAll && isBefore(id, place.id)) break
      overdue = place
    }
    return overdue
  }

  /** Nobody has to wait for an entry up to this one. */
  settle({ nonce }: Place): void {
    this.see(nonce)
    this.#passed = undefined
  }

  clear(): void {
    this.#places.clear()
    this.#passed = undefined
  }
}
