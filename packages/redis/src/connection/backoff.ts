const FIRST = 50
const LONGEST = 2_000

/**
 * How long to wait before the next attempt, in ms. It grows with each failure and is random, so that processes differ.
 */
export class Backoff {
  #longest = FIRST

  /** Call it after a failed attempt. */
  next(): number {
    const longest = this.#longest
    this.#longest = Math.min(2 * longest, LONGEST)
    return Math.round(longest * (0.5 + Math.random() / 2))
  }

  /** Call it after a successful attempt. */
  reset(): void {
    this.#longest = FIRST
  }
}
