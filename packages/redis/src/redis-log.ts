import {
  type Cursor,
  type EventLog,
  entryBytes,
  type LogBounds,
  type LogEntry,
  type LogFollower,
  type LogReading,
  type NewLogEntry,
  SseError,
} from '@downstream/core'
import { type Connect, connectorOf } from './connect.ts'
import { formatCursor, isSamePlace, type Place, parseCursor } from './cursor.ts'
import { GuardedConnection } from './guarded-connection.ts'
import type { RedisClient } from './redis-client.ts'
import {
  type RedisLogOptions,
  type ResolvedRedisLogOptions,
  resolveRedisLogOptions,
} from './redis-log-options.ts'
import { RedisStream } from './redis-stream.ts'
import { StreamFollower } from './stream-follower.ts'

/**
 * The log of a hub on one Redis Stream: the processes that share it publish to each other's clients, and a client that
 * comes back to any of them goes on exactly where it was. Needs Redis 5 or Valkey, and two connections per process.
 */
export class RedisLog implements EventLog {
  readonly #options: ResolvedRedisLogOptions
  readonly #connect: Connect
  readonly #commands: GuardedConnection
  readonly #stream: RedisStream
  readonly #closing = new AbortController()
  readonly #appends = new Set<Promise<Place>>()
  readonly #followers = new Set<StreamFollower>()
  #trimmed = 0

  /**
   * @param client - a client or cluster of ioredis, iovalkey or redis (node-redis). Only duplicates of it are used: it
   * need not be connected, and stays yours to close.
   * @throws SseError ERR_SSE_INVALID_OPTION
   */
  constructor(client: RedisClient, options: RedisLogOptions = {}) {
    this.#options = resolveRedisLogOptions(options)
    this.#connect = connectorOf(client, this.#options.key)
    this.#commands = this.#openConnection()
    this.#stream = new RedisStream(this.#commands, this.#options.key)
  }

  async append(entry: NewLogEntry): Promise<Cursor> {
    this.#checkOpen()
    const adding = this.#stream.add(entry, this.#options.maxLength)
    this.#appends.add(adding)
    try {
      const place = await adding
      for (const follower of this.#followers) follower.confirm(place)
      this.#trim(place)
      return formatCursor(place)
    } catch (error) {
      throw unavailable('Redis has not confirmed the event, and may have it or not', error)
    } finally {
      this.#appends.delete(adding)
    }
  }

  async read(after: Cursor, bounds: LogBounds, signal?: AbortSignal): Promise<LogReading> {
    signal?.throwIfAborted()
    const place = parseCursor(after)
    if (place === undefined) return { gap: true, reason: 'malformed' }
    this.#checkOpen()
    try {
      return await this.#read(place, bounds)
    } catch (error) {
      throw unavailable('Redis does not answer', error)
    }
  }

  async follow(follower: LogFollower, { backlog }: { backlog: LogBounds }): Promise<void> {
    const log = { key: this.#options.key, signal: this.#closing.signal }
    const following = new StreamFollower(log, this.#openConnection(), follower, backlog)
    this.#followers.add(following)
    await following.run()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    for (const follower of this.#followers) follower.close()
    // What was published before is not left in doubt.
    await Promise.allSettled(this.#appends)
    this.#commands.close()
  }

  async #read(place: Place, bounds: LogBounds): Promise<LogReading> {
    // Before the page is asked for: a forged cursor costs one entry.
    if (!(await this.#stream.holds(place))) return { gap: true, reason: 'expired' }
    const [first, ...rows] = await this.#stream.range(place.id, bounds.length + 1)
    if (!isSamePlace(first, place)) return { gap: true, reason: 'expired' }
    const fork = rows.findIndex(({ mark }) => mark === 'fork')
    const entries = (fork < 0 ? rows : rows.slice(0, fork)).flatMap(({ entry }) => entry ?? [])
    if (entries.length > 0) return { gap: false, entries: within(bounds.bytes, entries) }
    if (fork >= 0) return { gap: true, reason: 'log-changed' }
    const last = rows.at(-1)
    // Nothing but marks, and perhaps more behind them.
    return last !== undefined && rows.length === bounds.length
      ? this.#read(last, bounds)
      : { gap: false, entries }
  }

  /** By the clock that gave the ids. A while late costs nothing, each time would. */
  #trim({ id }: Place): void {
    const { maxAge } = this.#options
    const now = Number(id.slice(0, id.indexOf('-')))
    if (maxAge === undefined || now - this.#trimmed < maxAge / 10) return
    this.#trimmed = now
    this.#stream.trim(`${Math.max(now - maxAge, 0)}-0`).catch(() => {})
  }

  #openConnection(): GuardedConnection {
    return new GuardedConnection(this.#connect, this.#options.timeout)
  }

  #checkOpen(): void {
    if (!this.#closing.signal.aborted) return
    throw new SseError('ERR_SSE_LOG_CLOSED', 'The log is closed: publish before you close it.')
  }
}

/** The first of the entries, up to so many bytes; at least one. */
function within(bytes: number, entries: readonly LogEntry[]): readonly LogEntry[] {
  let size = 0
  const end = entries.findIndex((entry, n) => {
    size += entryBytes(entry)
    return size > bytes && n > 0
  })
  return end < 0 ? entries : entries.slice(0, end)
}

function unavailable(what: string, cause: unknown): SseError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new SseError('ERR_SSE_LOG_UNAVAILABLE', `${what}: ${reason}`, { cause })
}
