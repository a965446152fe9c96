import type { LogFollower } from '@downstream/core'

/** Different errors that are told of one outage. */
const ERRORS = 10

/**
 * What a follower is told of the engine: once when it goes down, once when it comes up, and each new error of an outage
 * once. An outage makes many attempts fail, and an app that logs errors must not drown in them.
 */
export class FollowerState {
  readonly #follower: LogFollower
  readonly #told = new Set<string>()
  readonly #warned = new Set<string>()
  #up: boolean | undefined

  constructor(follower: LogFollower) {
    this.#follower = follower
  }

  up(): void {
    if (this.#up === true) return
    this.#up = true
    this.#told.clear()
    this.#follower.state(true)
  }

  down(error: Error): void {
    if (this.#up === false && (this.#told.has(error.message) || this.#told.size >= ERRORS)) return
    this.#up = false
    this.#told.add(error.message)
    this.#follower.state(false, error)
  }

  /** Something is wrong though the log goes on. Each `topic` is told once. */
  warn(topic: string, error: unknown): void {
    if (this.#warned.has(topic)) return
    this.#warned.add(topic)
    this.#follower.state(this.#up ?? true, error)
  }
}
