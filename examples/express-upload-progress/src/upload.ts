import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/** An upload: first the file is received, then processed. */
export class Upload {
  readonly id: string = randomUUID()
  state: 'waiting' | 'receiving' | 'hashing' | 'done' | 'failed' = 'waiting'
  readonly size: number
  received = 0
  hashed = 0
  sha256 = ''
  error = ''
  readonly #file: string
  readonly #bytesPerSecond: number
  readonly #cancelling = new AbortController()

  /** @param bytesPerSecond - it takes its time, so that there is something to see; 0: it does not */
  constructor(size: number, directory: string, bytesPerSecond: number) {
    this.size = size
    this.#file = join(directory, `upload-${this.id}`)
    this.#bytesPerSecond = bytesPerSecond
  }

  get over(): boolean {
    return this.state === 'done' || this.state === 'failed'
  }

  get cancelled(): boolean {
    return this.#cancelling.signal.aborted
  }

  /** Resolves when the whole file is on the disk. Rejects if the client disconnects before that. */
  async receive(body: Readable): Promise<void> {
    const { signal } = this.#cancelling
    this.state = 'receiving'
    const count = (chunks: AsyncIterable<Buffer>) => this.#count(chunks, 'received')
    await pipeline(body, count, createWriteStream(this.#file), { signal })
  }

  /** The work. Here it is a checksum; it could be a scan for viruses, an import, thumbnails. */
  async hash(): Promise<void> {
    const { signal } = this.#cancelling
    this.state = 'hashing'
    const hash = createHash('sha256')
    const count = (chunks: AsyncIterable<Buffer>) => this.#count(chunks, 'hashed')
    await pipeline(createReadStream(this.#file), count, hash, { signal })
    this.sha256 = hash.digest('hex')
    this.state = 'done'
  }

  cancel(): void {
    this.#cancelling.abort()
  }

  fail(error: unknown): void {
    this.state = 'failed'
    if (this.cancelled) this.error = 'it was cancelled'
    // The error of a request whose client disconnects.
    else if (error instanceof Error && 'code' in error && error.code === 'ECONNRESET') {
      this.error = 'it was broken off'
    } else {
      this.error = 'something went wrong on the server'
      console.error(error)
    }
  }

  /** Your app would move the file to its storage instead. */
  async throwAway(): Promise<void> {
    await rm(this.#file, { force: true })
  }

  async *#count(chunks: AsyncIterable<Buffer>, what: 'received' | 'hashed') {
    const { signal } = this.#cancelling
    for await (const chunk of chunks) {
      const ms = (1000 * chunk.length) / this.#bytesPerSecond
      if (this.#bytesPerSecond > 0) await sleep(ms, undefined, { signal })
      this[what] += chunk.length
      yield chunk
    }
  }
}
