import { entryBytes, type NewLogEntry, SseError } from '@downstream/core'
import type { Connect } from './connection/connect.ts'
import { Fence } from './connection/fence.ts'
import { GuardedConnection } from './connection/guarded-connection.ts'
import type { Send } from './connection/session.ts'
import type { Confirmation } from './continuity/confirmed.ts'
import type { ResolvedRedisLogOptions } from './redis-log-options.ts'
import { isSamePlace, type Place } from './stream/cursor.ts'
import { type Identify, RedisStream } from './stream/redis-stream.ts'
import { readRange } from './stream/row.ts'

/** Bytes that a pending entry takes beyond its text: its promises, its timer, its entry in the client's queue. */
const OVERHEAD = 1_000

/** Adds entries to the stream, over a connection of its own. */
export class Publisher {
  readonly #connection: GuardedConnection
  readonly #stream: RedisStream
  readonly #identify: Identify
  readonly #options: ResolvedRedisLogOptions
  readonly #placeOfFollower: () => Place | undefined
  readonly #fence = new Fence()
  readonly #pending = new Set<Promise<unknown>>()
  #pendingBytes = 0
  #replicated: Promise<unknown> | undefined
  /** Replication id of the server that it is connected to; '' when that is not known. */
  #server = ''
  /** It has confirmed an entry that followers cannot read: it may be connected to another server than they are. */
  #suspected = false

  /** @param placeOfFollower - an entry that the followers' server holds */
  constructor(
    connect: Connect,
    identify: Identify,
    options: ResolvedRedisLogOptions,
    placeOfFollower: () => Place | undefined,
  ) {
    this.#identify = identify
    this.#options = options
    this.#placeOfFollower = placeOfFollower
    this.#connection = new GuardedConnection(connect, options.timeout, (send) => this.#greet(send))
    this.#stream = new RedisStream(this.#connection, options.key)
  }

  /** Why nothing can be published; undefined when something can, or was not tried yet. */
  get trouble(): Error | undefined {
    return this.#connection.trouble
  }

  /**
   * Adds an entry, in the order of the calls.
   *
   * @param onAdded - called when the stream has it, replicas or not
   */
  async add(entry: NewLogEntry, onAdded: (confirmation: Confirmation) => void): Promise<Place> {
    const bytes = entryBytes(entry) + OVERHEAD
    const { maxPendingBytes } = this.#options
    if (this.#pending.size > 0 && this.#pendingBytes + bytes > maxPendingBytes) {
      throw new SseError(
        'ERR_SSE_LOG_BUSY',
        `${this.#pending.size} events wait for Redis already, more than maxPendingBytes (${maxPendingBytes}) allows. ` +
          'This one was not sent. Await publish(), or publish it later.',
      )
    }
    const adding = this.#add(entry, onAdded)
    this.#pending.add(adding)
    this.#pendingBytes += bytes
    try {
      return await adding
    } finally {
      this.#pending.delete(adding)
      this.#pendingBytes -= bytes
    }
  }

  /**
   * A confirmed entry is missing in the stream that holds `place`, on the server with the replication id `server`.
   * Checks whether this connection reaches another server.
   */
  async suspect(place: Place, server: string): Promise<void> {
    if (server !== '' && server === this.#server) return
    this.#suspected = true
    const { session } = this
    const held = await this.#stream.holds(place)
    if (session !== this.session) return
    if (held) this.#suspected = false
    else this.#connection.fail(new Error(SPLIT))
  }

  /** Number of its session, as {@link GuardedConnection.session}. */
  get session(): number {
    return this.#connection.session
  }

  /** Gives the connection up. */
  drop(reason: Error): void {
    this.#connection.drop(reason)
  }

  /** Resolves with the trouble that is left: without this only the next publish would find out that it is over. */
  retry(): Promise<Error | undefined> {
    return this.#stream.checkWritable().then(
      () => undefined,
      (error) => this.trouble ?? error,
    )
  }

  /** Settles what was published before. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#pending)
    this.#connection.close()
  }

  async #add(entry: NewLogEntry, onAdded: (confirmation: Confirmation) => void): Promise<Place> {
    const sent = performance.now()
    const added = this.#stream.add(entry, this.#options.maxLength)
    const replicated = this.#options.replicas > 0 ? this.#replicate() : undefined
    // It is awaited below, unless the entry is refused.
    replicated?.catch(() => {})
    const { session } = this.#connection
    const place = await added
    onAdded({ place, session, server: this.#server, sent, at: performance.now() })
    await replicated
    return place
  }

  /** Resolves when replicas have what was sent up to now: one command for all that is sent in one turn. */
  #replicate(): Promise<unknown> {
    const { replicas, timeout } = this.#options
    this.#replicated ??= Promise.resolve().then(async () => {
      this.#replicated = undefined
      const args = ['WAIT', String(replicas), String(timeout)]
      const count = Number(await this.#connection.send(args, timeout))
      if (count >= replicas) return
      throw new Error(`${count} of ${replicas} replicas have confirmed it in ${timeout} ms.`)
    })
    return this.#replicated
  }

  async #greet(send: Send): Promise<void> {
    await this.#fence.greet(send)
    this.#server = await this.#identify(send)
    const place = this.#placeOfFollower()
    if (!this.#suspected || place === undefined) return
    const reply = await send(['XRANGE', this.#options.key, place.id, place.id])
    if (!isSamePlace(readRange(reply)[0], place)) throw new Error(SPLIT)
    this.#suspected = false
  }
}

const SPLIT =
  'Redis confirms events that are not in the stream: publishing reaches another server than reading. ' +
  'Two masters, perhaps, or an address that follows the master late.'
