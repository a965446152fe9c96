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
  /** The channels that the connection is subscribed to, and those with a command that has no answer yet. */
  #subscribed = new Set<string>()
  #busy = new Set<string>()
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
      if (this.#connection !== undefined) void this.#align(this.#connection, channel)
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
    this.#subscribed = new Set()
    this.#busy = new Set()
    connection.opened.then(
      () => this.#backoff.reset(),
      () => this.#lose(connection),
    )
    if (lost) this.#lose(connection)
    else for (const channel of this.#channels.keys()) void this.#align(connection, channel)
  }

  /**
   * Subscribes to a channel that has listeners, unsubscribes from one that has none. One command at a time: node-redis
   * forgets a subscription that is requested while it still unsubscribes from the channel.
   */
  async #align(connection: RedisConnection, channel: string): Promise<void> {
    const [subscribed, busy] = [this.#subscribed, this.#busy]
    if (busy.has(channel)) return
    busy.add(channel)
    try {
      while (connection === this.#connection && this.#channels.has(channel) !== subscribed.has(channel)) {
        if (subscribed.delete(channel)) await connection.unsubscribe(channel)
        else {
          await connection.subscribe(channel, (text) => this.#notify(channel, text))
          subscribed.add(channel)
          if (connection === this.#connection) this.#notify(channel)
        }
      }
    } catch {
      this.#lose(connection)
    } finally {
      busy.delete(channel)
    }
  }

  #notify(channel: string, text?: string): void {
    for (const listener of this.#channels.get(channel) ?? []) listener(text)
  }

  #unlisten(channel: string, listener: ChannelListener): void {
    const listeners = this.#channels.get(channel)
    if (listeners?.delete(listener) !== true || listeners.size > 0) return
    this.#channels.delete(channel)
    if (this.#connection !== undefined) void this.#align(this.#connection, channel)
  }

  #lose(connection: RedisConnection | undefined): void {
    if (connection === undefined || connection !== this.#connection) return
    this.#connection = undefined
    connection.close()
    if (this.#closed) return
    this.#reopening = setTimeout(() => this.#open(), this.#backoff.next()).unref()
  }
}
