import { Backoff } from '../connection/backoff.ts'
import type { Connect } from '../connection/connect.ts'
import type { RedisConnection } from '../connection/redis-client.ts'

/** Called with a message; called without one when earlier messages may have been missed. */
export type ChannelListener = (text?: string) => void

/**
 * One connection for all channels that a process listens to. It is opened for the first channel, and again after a
 * loss.
 */
export class Subscriptions {
  readonly #connect: Connect
  readonly #timeout: number
  readonly #backoff = new Backoff()
  readonly #channels = new Map<string, Set<ChannelListener>>()
  #connection: RedisConnection | undefined
  #reopening: NodeJS.Timeout | undefined
  #closed = false

  /** @param timeout - how many ms connecting may take */
  constructor(connect: Connect, timeout: number) {
    this.#connect = connect
    this.#timeout = timeout
  }

  /**
   * Calls `listener` without a text once the channel is subscribed, and again after every loss of the connection.
   *
   * @returns a function that stops listening
   */
  listen(channel: string, listener: ChannelListener): () => void {
    // A new function for each call, because the same listener may be added twice.
    const own: ChannelListener = (text) => listener(text)
    const listeners = this.#channels.get(channel)
    if (listeners === undefined) {
      this.#channels.set(channel, new Set([own]))
      if (this.#connection !== undefined) this.#subscribe(this.#connection, channel)
      else if (this.#reopening === undefined) this.#open()
    } else listeners.add(own)
    return () => this.#unlisten(channel, own)
  }

  /** Gives up the connection because it is silent. Another is opened after a while. */
  drop(): void {
    this.#lose(this.#connection)
  }

  close(): void {
    this.#closed = true
    this.#channels.clear()
    clearTimeout(this.#reopening)
    this.#connection?.close()
    this.#connection = undefined
  }

  #open(): void {
    this.#reopening = undefined
    if (this.#closed) return
    // A connection may be lost before connect() has returned it.
    let lost = false
    const connection = this.#connect({
      timeout: this.#timeout,
      onLost: () => {
        lost = true
        if (this.#connection !== undefined) this.#lose(connection)
      },
    })
    this.#connection = connection
    connection.opened.then(
      () => this.#backoff.reset(),
      () => this.#lose(connection),
    )
    if (lost) this.#lose(connection)
    else for (const channel of this.#channels.keys()) this.#subscribe(connection, channel)
  }

  #subscribe(connection: RedisConnection, channel: string): void {
    connection
      .subscribe(channel, (text) => this.#notify(channel, text))
      .then(
        () => {
          if (connection === this.#connection) this.#notify(channel)
        },
        () => this.#lose(connection),
      )
  }

  #notify(channel: string, text?: string): void {
    for (const listener of this.#channels.get(channel) ?? []) listener(text)
  }

  #unlisten(channel: string, listener: ChannelListener): void {
    const listeners = this.#channels.get(channel)
    if (listeners?.delete(listener) !== true || listeners.size > 0) return
    this.#channels.delete(channel)
    this.#connection?.unsubscribe(channel).catch(() => {})
  }

  #lose(connection: RedisConnection | undefined): void {
    if (connection === undefined || connection !== this.#connection) return
    this.#connection = undefined
    connection.close()
    if (this.#closed) return
    this.#reopening = setTimeout(() => this.#open(), this.#backoff.next()).unref()
  }
}
