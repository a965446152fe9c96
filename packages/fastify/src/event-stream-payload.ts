import { Readable } from 'node:stream'
import type { PreparedEventStream, Response } from '@downstream/core'

/**
 * The event stream as Fastify's reply.send() takes it, so that all its hooks run.
 *
 * Piped into the response itself it steps aside: the stream writes there directly, head first, at once. Read by
 * anything else (a compressor in an onSend hook) it is an ordinary Readable.
 */
export class EventStreamPayload extends Readable {
  readonly #prepared: PreparedEventStream
  readonly #response: Response
  /** The listeners of the response at the time when a listener was last added to this payload. */
  #listeners: ReturnType<typeof listenersOf> | undefined
  #begun = false
  /** For the stream's writer, which asks before it writes. */
  writableEnded = false

  constructor(prepared: PreparedEventStream, response: Response) {
    super()
    this.#prepared = prepared
    this.#response = response
  }

  /** Fastify listens to its payload, then to the response, then pipes: all in one step. */
  override on(...args: Parameters<Readable['on']>): this {
    this.#listeners = listenersOf(this.#response)
    return super.on(...args)
  }

  override pipe<T extends NodeJS.WritableStream>(destination: T, options?: { end?: boolean | undefined }): T {
    const response: unknown = this.#response
    if (destination !== response) return super.pipe(destination, options)
    if (this.listenerCount('data') > 0) {
      // A hook counts the bytes, for example: they have to pass through here.
      return super.pipe(destination, options)
    }
    if (this.#response.hasHeader('Trailer')) {
      // Fastify sends the trailers at the payload's end, and ends the response after them.
      return super.pipe(destination, { end: false })
    }
    this.#begun = true
    this.#release()
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

  /**
   * Fastify waits for the end of the response, to destroy a payload that is not at its end. This one is, and what waits
   * would hold it with the reply and the request: two kilobytes for each open stream.
   */
  #release(): void {
    const before = this.#listeners
    if (before === undefined) return
    for (const [name, listeners] of listenersOf(this.#response)) {
      const kept = before.get(name)
      for (const listener of listeners) if (!kept?.includes(listener)) this.#response.off(name, listener)
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

type Listener = (...args: unknown[]) => void

function listenersOf(response: Response): Map<string | symbol, Listener[]> {
  return new Map(response.eventNames().map((name) => [name, response.rawListeners(name) as Listener[]]))
}
