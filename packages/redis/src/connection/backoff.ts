const FIRST = 50
const LONGEST = 2_000

/** How long to wait before the next attempt, in ms: longer each time, and not the same for all processes. */
export class Backoff {
  #longest = FIRST

  /** After an attempt that has failed. */
  next(): number {
    const longest = this.#longest
    this.#longest = Math.min(2 * longest, LONGEST)
    return Math.round(longest * (0.5 + Math.random() / 2))
  }

  /** After one that has not. */
  reset(): void {
    this.#longest = FIRST
  }
}
