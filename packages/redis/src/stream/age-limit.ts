import { msOf, type Place } from './cursor.ts'
import type { RedisStream } from './redis-stream.ts'

/**
 * Drops entries that are older than `maxAge`. The newest of those stays: in a quiet hub all processes and all clients
 * are at that entry, and without it they would get a gap.
 */
export class AgeLimit {
  readonly #stream: RedisStream
  readonly #maxAge: number
  readonly #onRefused: (error: unknown) => void
  #due = 0

  /** @param onRefused - called when Redis refuses to drop entries: a version before 6.2, or a missing permission */
  constructor(stream: RedisStream, maxAge: number, onRefused: (error: unknown) => void) {
    this.#stream = stream
    this.#maxAge = maxAge
    this.#onRefused = onRefused
  }

  /** Entries from before this are not handed out any more, by the clock of Redis in ms. */
  async oldest(): Promise<number> {
    return (await this.#stream.time()) - this.#maxAge
  }

  /** Whether an entry is old enough to have been dropped at `time`, by the clock of Redis. */
  isOver({ id }: Place, time: number): boolean {
    return msOf(id) < time - this.#maxAge
  }

  /** To be called now and then: drops what is too old, every tenth of `maxAge`. */
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
