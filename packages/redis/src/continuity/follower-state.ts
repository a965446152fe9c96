import type { LogFollower } from '@downstream/core'

/** How many different errors of one outage are reported. */
const ERRORS = 10

/**
 * Reports the state of the log to a follower: once when it goes down, once when it comes up, and each new error of an
 * outage once. An outage makes many attempts fail, which must not flood the log of the app.
 */
export class FollowerState {
  readonly #follower: LogFollower
  readonly #reported = new Set<string>()
  readonly #warned = new Set<string>()
  #up: boolean | undefined

  constructor(follower: LogFollower) {
    this.#follower = follower
  }

  up(): void {
    if (this.#up === true) return
    this.#up = true
    this.#reported.clear()
    this.#follower.state(true)
  }

  down(error: Error): void {
    if (this.#up === false && (this.#reported.has(error.message) || this.#reported.size >= ERRORS)) return
    this.#up = false
    this.#reported.add(error.message)
    this.#follower.state(false, error)
  }

  /** Reports a problem although the log works. Each `topic` is reported once. */
  warn(topic: string, error: unknown): void {
    if (this.#warned.has(topic)) return
    this.#warned.add(topic)
    this.#follower.state(this.#up ?? true, error)
  }
}
