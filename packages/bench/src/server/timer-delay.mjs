const INTERVAL = 5

/** How late a timer fires, in ms. */
export class TimerDelay {
  /** @type {number[]} */
  #delays = []
  #due = performance.now() + INTERVAL
  #timer = setInterval(() => this.#fired(), INTERVAL)

  /** @returns {number[]} Each of the times that it was due, with the ones that a busy event loop left out. */
  stop() {
    clearInterval(this.#timer)
    this.#fired()
    return this.#delays
  }

  #fired() {
    // setInterval fires once for all that it missed. Who would have come then waited too.
    for (const now = performance.now(); this.#due < now; this.#due += INTERVAL)
      this.#delays.push(now - this.#due)
  }
}
