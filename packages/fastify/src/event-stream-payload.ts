import { Readable } from 'node:stream'
import type { PreparedEventStream, Response } from '@downstream/core'

/**
 * The event stream as a payload for Fastify's reply.send(), so that all its hooks run.
 *
 * If it is piped into the response itself, it ends at once and the stream writes directly to the response, headers
 * first. If anything else reads it (a compressor in an onSend hook), it is an ordinary Readable.
 */
export class EventStreamPayload extends Readable {
  readonly #prepared: PreparedEventStream
  readonly #response: Response
  /** The listeners of the response when a listener was last added to this payload. */
  #listeners: ReturnType<typeof listenersOf> | undefined
  #begun = false
  /** The stream's writer checks this before it writes. */
  writableEnded = false

  constructor(prepared: PreparedEventStream, response: Response) {
    super()
    this.#prepared = prepared
    this.#response = response
  }

  /**
   * Notes the listeners of the response. Fastify adds listeners to its payload, then to the response, then pipes, all
   * synchronously.
   */
  override on(...args: Parameters<Readable['on']>): this {
    this.#listeners = listenersOf(this.#response)
    return super.on(...args)
  }

  override pipe<T extends NodeJS.WritableStream>(destination: T, options?: { end?: boolean | undefined }): T {
    const response: unknown = this.#response
    if (destination !== response) return super.pipe(destination, options)
    if (this.listenerCount('data') > 0) {
      // Something reads the bytes, for example a hook that counts them, so they must pass through here.
      return super.pipe(destination, options)
    }
    if (this.#response.hasHeader('Trailer')) {
      // Fastify sends the trailers at the end of the payload, and then ends the response.
      return super.pipe(destination, { end: false })
    }
    this.#begun = true
    this.#release()
    this.#prepared.begin()
    // End the payload: otherwise Fastify would report a client that disconnects as a payload that failed.
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
   * Removes the listeners with which Fastify waits for the end of the response, to destroy an unfinished payload. Ours
   * has ended, and the listeners would keep payload, reply and request alive: almost 4 KB for each open stream.
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
