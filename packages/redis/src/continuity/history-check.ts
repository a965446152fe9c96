import type { RedisStream } from '../stream/redis-stream.ts'

/** How many rows pass between two checks. */
const EVERY = 1_000

/**
 * Detects that another process drops entries which this one must keep: if two values of `maxLength` are used with one
 * key, the smaller one silently wins.
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

  /** Call it with the number of rows that were read. Resolves with an error if entries were dropped too early. */
  async passed(rows: number): Promise<Error | undefined> {
    this.#passed += rows
    if (this.#oldest !== undefined && this.#passed < EVERY) return undefined
    this.#passed = 0
    // Read the length first: entries that are dropped after that do not make it look too short.
    const length = await this.#stream.length()
    const [oldest] = await this.#stream.range('-', 1)
    const dropped = this.#oldest !== undefined && oldest?.id !== this.#oldest
    this.#oldest = oldest?.id
    if (!dropped || length >= this.#maxLength) return undefined
    return new Error(
      `The stream has only ${length} rows left, although maxLength is ${this.#maxLength}: another process uses the same key ` +
        'with a smaller maxLength. Use the same maxLength in all processes.',
    )
  }

  /** Starts again, because the stream was replaced. */
  reset(): void {
    this.#oldest = undefined
  }
}
