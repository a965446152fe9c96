import { msOf, type Position } from './cursor.ts'
import type { RedisStream } from './redis-stream.ts'

/**
 * Drops entries that are older than `maxAge`, except the newest of them. In a quiet hub all processes and clients are
 * at that entry, and without it they would get a gap.
 */
export class AgeLimit {
  readonly #stream: RedisStream
  readonly #maxAge: number
  readonly #onRefused: (error: unknown) => void
  #due = 0

  /**
   * @param onRefused - called if Redis refuses to drop entries: a version before 6.2, or a missing permission
   */
  constructor(stream: RedisStream, maxAge: number, onRefused: (error: unknown) => void) {
    this.#stream = stream
    this.#maxAge = maxAge
    this.#onRefused = onRefused
  }

  /** Entries from before this time are no longer delivered, in ms of the clock of Redis. */
  async oldest(): Promise<number> {
    return (await this.#stream.time()) - this.#maxAge
  }

  /** Whether an entry is old enough to have been dropped at `time`, by the clock of Redis. */
  isOver({ id }: Position, time: number): boolean {
    return msOf(id) < time - this.#maxAge
  }

  /** Call it from time to time: drops entries that are too old, every tenth of `maxAge`. */
  trim(): void {
    if (performance.now() < this.#due) return
    this.#due = performance.now() + this.#maxAge / 10
    this.#trim().catch(this.#onRefused)
  }

  async #trim(): Promise<void> {
    const [kept] = await this.#stream.rangeBack(String(Math.max(await this.oldest(), 0)), 1)
    if (kept !== undefined) await this.#stream.trim(kept.id)
  }
}
