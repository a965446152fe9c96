import type { Server } from 'node:http'

/** A server on a library, with the same routes for each, written as the README of the library says. */
export interface Peer {
  server: Server
  /** Publishes to the clients of /news. */
  publish(title: string): void
  /** Whether the source of /source was stopped. */
  sourceStopped(): boolean
  /** What the library offers for a shutdown, if anything. */
  end(): void
}

/** An event name that contains a field. /name sends it. */
export const forgedName = 'note\ndata: forged'

/** /flood sends this many of these without waiting, as long as the connection is open: 16 MB. */
export const chunk: string = 'x'.repeat(64 * 1024)
export const chunks = 256

/** A source that yields one item and then nothing until it is stopped. /source sends it. */
export class IdleSource implements AsyncIterableIterator<string> {
  stopped = false
  #given = false

  next(): Promise<IteratorResult<string>> {
    if (this.#given) return new Promise(() => {})
    this.#given = true
    return Promise.resolve({ done: false, value: 'first' })
  }

  return(): Promise<IteratorResult<string>> {
    this.stopped = true
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
