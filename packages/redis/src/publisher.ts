import { entryBytes, type NewLogEntry, SseError } from '@downstream/core'
import type { Connect } from './connection/connect.ts'
import { Fence } from './connection/fence.ts'
import { GuardedConnection } from './connection/guarded-connection.ts'
import type { Send } from './connection/session.ts'
import type { Confirmation } from './continuity/confirmed.ts'
import type { ResolvedRedisLogOptions } from './redis-log-options.ts'
import { isSamePosition, type Position } from './stream/cursor.ts'
import { type Identify, RedisStream } from './stream/redis-stream.ts'
import { readRange } from './stream/row.ts'

/** How many bytes a pending entry takes beyond its text: its promises, its timer, its slot in the client's queue. */
const OVERHEAD = 1_000

/** Adds entries to the stream over a connection of its own. */
export class Publisher {
  readonly #connection: GuardedConnection
  readonly #stream: RedisStream
  readonly #identify: Identify
  readonly #options: ResolvedRedisLogOptions
  readonly #positionOfFollower: () => Position | undefined
  readonly #fence = new Fence()
  readonly #pending = new Set<Promise<unknown>>()
  #pendingBytes = 0
  #replicated: Promise<unknown> | undefined
  /** Replication id of the connected server; '' if unknown. */
  #server = ''
  /** It confirmed an entry that no follower can read, so it may be connected to another server than the followers. */
  #suspected = false

  /**
   * @param positionOfFollower - returns an entry that the followers' server holds
   */
  constructor(
    connect: Connect,
    identify: Identify,
    options: ResolvedRedisLogOptions,
    positionOfFollower: () => Position | undefined,
  ) {
    this.#identify = identify
    this.#options = options
    this.#positionOfFollower = positionOfFollower
    this.#connection = new GuardedConnection(connect, options.timeout, (send) => this.#greet(send))
    this.#stream = new RedisStream(this.#connection, options.key)
  }

  /** Why nothing can be published; undefined if publishing works, or was not tried yet. */
  get trouble(): Error | undefined {
    return this.#connection.trouble
  }

  /**
   * Adds an entry, in the order of the calls.
   *
   * @param onAdded - called when the stream has it, even if replicas do not have it yet
   */
  async add(entry: NewLogEntry, onAdded: (confirmation: Confirmation) => void): Promise<Position> {
    const bytes = entryBytes(entry) + OVERHEAD
    const { maxPendingBytes } = this.#options
    if (this.#pending.size > 0 && this.#pendingBytes + bytes > maxPendingBytes) {
      throw new SseError(
        'ERR_SSE_LOG_BUSY',
        `${this.#pending.size} events are already waiting for Redis; with this one they exceed maxPendingBytes (${maxPendingBytes}). ` +
          'It was not sent. Await each publish(), or publish it later.',
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
   * Checks whether this publisher is connected to another server than the followers. Call it when an entry that was
   * confirmed is missing from the stream that contains `position`, on the server with the replication id `server`.
   */
  async suspect(position: Position, server: string): Promise<void> {
    if (server !== '' && server === this.#server) return
    this.#suspected = true
    // A session that is lost meanwhile rejects, so the answer is that of the present one.
    if (await this.#stream.holds(position)) this.#suspected = false
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

  /** Resolves with the remaining trouble. Without this check, only the next publish would show that it has ended. */
  retry(): Promise<Error | undefined> {
    return this.#stream.checkWritable().then(
      () => undefined,
      (error) => this.trouble ?? error,
    )
  }

  /** Waits until pending publishes have settled, then closes the connection. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#pending)
    this.#connection.close()
  }

  async #add(entry: NewLogEntry, onAdded: (confirmation: Confirmation) => void): Promise<Position> {
    const sent = performance.now()
    const added = this.#stream.add(entry, this.#options.maxLength)
    const replicated = this.#options.replicas > 0 ? this.#replicate() : undefined
    // It is awaited below, unless the entry is refused.
    replicated?.catch(() => {})
    const { session } = this.#connection
    const position = await added
    onAdded({ position, session, server: this.#server, sent, at: performance.now() })
    await replicated
    return position
  }

  /**
   * Resolves when replicas have all that was sent up to now. One command serves everything that is sent in one turn.
   */
  #replicate(): Promise<unknown> {
    const { replicas, timeout } = this.#options
    this.#replicated ??= Promise.resolve().then(async () => {
      this.#replicated = undefined
      const args = ['WAIT', String(replicas), String(timeout)]
      const count = Number(await this.#connection.send(args, timeout))
      if (count >= replicas) return
      throw new Error(`Only ${count} of ${replicas} replicas confirmed the event within ${timeout} ms.`)
    })
    return this.#replicated
  }

  async #greet(send: Send): Promise<void> {
    await this.#fence.greet(send)
    this.#server = await this.#identify(send)
    const position = this.#positionOfFollower()
    if (!this.#suspected || position === undefined) return
    const reply = await send(['XRANGE', this.#options.key, position.id, position.id])
    if (!isSamePosition(readRange(reply)[0], position)) throw new Error(SPLIT)
    this.#suspected = false
  }
}

const SPLIT =
  'Redis confirms events that are not in the stream: publishing and reading reach different servers. ' +
  'Perhaps there are two masters, or an address that follows the master late.'
