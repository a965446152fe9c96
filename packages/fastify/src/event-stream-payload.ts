import { Readable } from 'node:stream'
import type { PreparedEventStream } from '@downstream/core'

/**
 * The event stream as Fastify's reply.send() takes it, so that all its hooks run.
 *
 * Piped into the response itself it steps aside: the stream writes there directly, head first, at once. Read by
 * anything else (a compressor in an onSend hook) it is an ordinary Readable.
 */
export class EventStreamPayload extends Readable {
  readonly #prepared: PreparedEventStream
  readonly #response: unknown
  #begun = false
  /** For the stream's writer, which asks before it writes. */
  writableEnded = false

  constructor(prepared: PreparedEventStream, response: unknown) {
    super()
    this.#prepared = prepared
    this.#response = response
  }

  override pipe<T extends NodeJS.WritableStream>(destination: T, options?: { end?: boolean | undefined }): T {
    if (destination !== this.#response) return super.pipe(destination, options)
    this.#begun = true
    this.#prepared.begin()
    // Done as a payload: Fastify would otherwise take a client that leaves for a stream that broke.
    this.end()
    this.resume()
    return destination
  }

  override _read(): void {
    if (this.#begun) this.emit('drain')
    else {
      this.#begun = true
      this.#prepared.beginOn(this)
    }
  }

  get writableLength(): number {
    return this.readableLength
  }

  write(text: string): boolean {
    return this.push(text)
  }

  end(): void {
    this.writableEnded = true
    this.push(null)
  }
}
