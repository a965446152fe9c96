const INTERVAL = 5

/** How late a timer fires, in ms. */
export class TimerDelay {
  /** @type {number[]} */
  #delays = []
  #due = performance.now() + INTERVAL
  #timer = setInterval(() => this.#fired(), INTERVAL)

  /** @returns {number[]} Its delay at each due time, including those that a busy event loop skipped. */
  stop() {
    clearInterval(this.#timer)
    this.#fired()
    return this.#delays
  }

  #fired() {
    // setInterval fires once for all times that it missed. A request at those times would have waited, too.
    for (const now = performance.now(); this.#due < now; this.#due += INTERVAL)
      this.#delays.push(now - this.#due)
  }
}
