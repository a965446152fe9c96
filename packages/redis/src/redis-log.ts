import {
  type Cursor,
  type EventLog,
  type LogBounds,
  type LogFollower,
  type LogReading,
  type NewLogEntry,
  SseError,
} from '@downstream/core'
import { type Connect, connectorOf, isIoredisCluster } from './connection/connect.ts'
import { GuardedConnection } from './connection/guarded-connection.ts'
import type { RedisClient } from './connection/redis-client.ts'
import { type FollowedLog, StreamFollower } from './continuity/stream-follower.ts'
import { Publisher } from './publisher.ts'
import {
  type RedisLogOptions,
  type ResolvedRedisLogOptions,
  resolveRedisLogOptions,
} from './redis-log-options.ts'
import { AgeLimit } from './stream/age-limit.ts'
import { formatCursor, parseCursor } from './stream/cursor.ts'
import { LogPages } from './stream/log-pages.ts'
import { type Identify, RedisStream, replicationId } from './stream/redis-stream.ts'

/**
 * The log of a hub on one Redis Stream. The processes that share it publish to each other's clients, and a client that
 * reconnects to any of them resumes after its last event. Needs Redis 5 or Valkey. It opens one connection to publish
 * and one to follow. A third one, to read for reconnecting clients, is opened when the first of them needs it.
 */
export class RedisLog implements EventLog {
  readonly #options: ResolvedRedisLogOptions
  readonly #connect: Connect
  readonly #identify: Identify
  readonly #publisher: Publisher
  /** Reads wait for large answers. On a connection of their own, they neither delay a publish nor lose it. */
  readonly #reads: GuardedConnection
  readonly #ageLimit: AgeLimit | undefined
  readonly #pages: LogPages
  readonly #closing = new AbortController()
  readonly #followers = new Set<StreamFollower>()

  /**
   * @param client - a client or cluster of ioredis, iovalkey or redis (node-redis). Only duplicates of it are used, so
   *   it need not be connected, and you remain responsible for closing it.
   * @throws SseError ERR_SSE_INVALID_OPTION
   */
  constructor(client: RedisClient, options: RedisLogOptions = {}) {
    this.#options = resolveRedisLogOptions(options)
    const { key, maxAge, replicas, timeout } = this.#options
    this.#connect = connectorOf(client, key)
    const isCluster = isIoredisCluster(client)
    if (replicas > 0 && isCluster) {
      throw new SseError(
        'ERR_SSE_INVALID_OPTION',
        'The option replicas does not work with the cluster class of ioredis, which sends WAIT to any node. Use createCluster() of node-redis.',
      )
    }
    // A cluster of ioredis sends commands without a key to any node.
    this.#identify = isCluster ? async () => '' : replicationId
    const positionOfFollower = () => [...this.#followers][0]?.position
    this.#publisher = new Publisher(this.#connect, this.#identify, this.#options, positionOfFollower)
    this.#reads = new GuardedConnection(this.#connect, timeout)
    const stream = new RedisStream(this.#reads, key)
    this.#ageLimit =
      maxAge === undefined ? undefined : new AgeLimit(stream, maxAge, (error) => this.#warn('maxAge', error))
    this.#pages = new LogPages(stream, this.#ageLimit, positionOfFollower)
  }

  async append(entry: NewLogEntry): Promise<Cursor> {
    this.#checkOpen()
    try {
      const position = await this.#publisher.add(entry, (confirmation) => {
        for (const follower of this.#followers) follower.confirm(confirmation)
      })
      this.#ageLimit?.trim()
      return formatCursor(position)
    } catch (error) {
      if (error instanceof SseError) throw error
      throw unavailable('Redis did not confirm the event, which may or may not be stored', error)
    }
  }

  async read(after: Cursor, bounds: LogBounds, signal?: AbortSignal): Promise<LogReading> {
    signal?.throwIfAborted()
    if (parseCursor(after) === undefined) return { gap: true, reason: 'malformed' }
    this.#checkOpen()
    try {
      return await this.#pages.read(after, bounds, signal)
    } catch (error) {
      signal?.throwIfAborted()
      throw unavailable('Redis does not answer', error)
    }
  }

  async follow(follower: LogFollower, { backlog }: { backlog: LogBounds }): Promise<void> {
    const { key, maxLength, timeout } = this.#options
    const log: FollowedLog = {
      key,
      maxLength,
      connect: (greet) => new GuardedConnection(this.#connect, timeout, greet),
      identify: this.#identify,
      signal: this.#closing.signal,
      publisher: this.#publisher,
      pages: this.#pages,
      ageLimit: this.#ageLimit,
    }
    const following = new StreamFollower(log, follower, backlog)
    this.#followers.add(following)
    await following.run()
  }

  behind(): number {
    return Math.max(0, ...[...this.#followers].map((follower) => follower.behind))
  }

  async close(): Promise<void> {
    this.#closing.abort()
    for (const follower of this.#followers) follower.close()
    this.#reads.close()
    await this.#publisher.close()
  }

  #warn(option: string, error: unknown): void {
    const warning = new Error(`Option ${option} has no effect: ${error}`, { cause: error })
    for (const follower of this.#followers) follower.warn(option, warning)
  }

  #checkOpen(): void {
    if (!this.#closing.signal.aborted) return
    throw new SseError(
      'ERR_SSE_LOG_CLOSED',
      'The log is closed. Stop the code that publishes, then close the hub.',
    )
  }
}

function unavailable(what: string, cause: unknown): SseError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new SseError('ERR_SSE_LOG_UNAVAILABLE', `${what}: ${reason}`, { cause })
}
