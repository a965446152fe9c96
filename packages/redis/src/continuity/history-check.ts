import type { RedisStream } from '../stream/redis-stream.ts'

/** How many rows pass between two looks. */
const EVERY = 1_000

/**
 * Detects that another process drops entries which this one must keep: two values of `maxLength` on one key,
 * of which the smaller one wins without a word.
 */
export class HistoryCheck {
  readonly #stream: RedisStream
  readonly #maxLength: number
  #oldest: string | undefined
  #passed = 0

  constructor(stream: RedisStream, maxLength: number) {
    this.#stream = stream
    this.#maxLength = maxLength
  }

  /** So many rows have passed. Resolves with what is wrong. */
  async passed(rows: number): Promise<Error | undefined> {
    this.#passed += rows
    if (this.#oldest !== undefined && this.#passed < EVERY) return undefined
    this.#passed = 0
    // The length first: entries dropped after it was read do not make it too short.
    const length = await this.#stream.length()
    const [oldest] = await this.#stream.range('-', 1)
    const dropped = this.#oldest !== undefined && oldest?.id !== this.#oldest
    this.#oldest = oldest?.id
    if (!dropped || length >= this.#maxLength) return undefined
    return new Error(
      `Only ${length} rows are left in the stream, of maxLength ${this.#maxLength}: another process uses its key ` +
        'with a smaller maxLength. Give all processes the same.',
    )
  }

  /** The stream is another one by now. */
  reset(): void {
    this.#oldest = undefined
  }
}
