import { checkOptionNames, invalidOption } from '@downstream/core'

/** Options of a `RedisLog`, all of them optional. */
export interface RedisLogOptions {
  /**
   * Key of the stream in Redis. All processes that share a hub use the same key; another hub uses another one. Default:
   * `downstream:log`.
   */
  key?: string | undefined
  /**
   * How many of the newest entries Redis holds; a few more, because it drops them a hundred at a time. A client that
   * missed more than these gets a gap. Set at least: entries per second x (`keepAlive` of the streams + the longest
   * interruption from which clients must be able to resume), both in seconds. Default: 100 000.
   */
  maxLength?: number | undefined
  /**
   * Clients that reconnect get a gap instead of entries older than this many ms. Redis drops these entries as well,
   * from time to time. Entries that a process holds in memory (the hub's `tail`) are delivered whatever their age.
   * Needs Redis 6.2. Default: no limit.
   */
  maxAge?: number | undefined
  /**
   * How many ms Redis may take to answer. After that the connection is considered dead: pending publishes reject, and
   * the follower reconnects. Default: 5 000.
   */
  timeout?: number | undefined
  /**
   * How many replicas must have an event before `publish()` resolves (WAIT). If they do not confirm it within
   * `timeout`, it rejects; the event is in the stream nevertheless. A failover to one of those replicas does not lose
   * the event. Not supported with the cluster class of ioredis. Default: 0.
   */
  replicas?: number | undefined
  /**
   * How many bytes of events may wait for confirmation by Redis; each event counts about 1 000 bytes in addition to its
   * text. A publish beyond that rejects with `ERR_SSE_LOG_BUSY`, and is not sent. Default: 16 MiB (16 777 216).
   */
  maxPendingBytes?: number | undefined
}

/** The checked options, with their defaults. */
export interface ResolvedRedisLogOptions {
  readonly key: string
  readonly maxLength: number
  readonly maxAge: number | undefined
  readonly timeout: number
  readonly replicas: number
  readonly maxPendingBytes: number
}

const NAMES: readonly string[] = [
  'key',
  'maxLength',
  'maxAge',
  'timeout',
  'replicas',
  'maxPendingBytes',
] as const satisfies (keyof RedisLogOptions)[]

/** setTimeout() fires at once for a longer delay. */
const MAX_DELAY = 2 ** 30

/** @throws SseError ERR_SSE_INVALID_OPTION, naming the option */
export function resolveRedisLogOptions(options: RedisLogOptions): ResolvedRedisLogOptions {
  checkOptionNames(options, NAMES, 'options of a RedisLog')
  const { key = 'downstream:log', maxLength = 100_000, maxAge, timeout = 5_000 } = options
  const { replicas = 0, maxPendingBytes = 16_777_216 } = options
  if (typeof key !== 'string' || key === '') throw invalidOption('key', 'a string that is not empty', key)
  if (!isCount(maxLength)) throw invalidOption('maxLength', 'an integer above 0', maxLength)
  if (maxAge !== undefined && !isCount(maxAge))
    throw invalidOption('maxAge', 'an integer of ms above 0', maxAge)
  if (!isCount(timeout) || timeout > MAX_DELAY) {
    throw invalidOption('timeout', `an integer from 1 to ${MAX_DELAY} (ms)`, timeout)
  }
  if (replicas !== 0 && !isCount(replicas)) throw invalidOption('replicas', 'an integer, 0 or more', replicas)
  if (!isCount(maxPendingBytes)) {
    throw invalidOption('maxPendingBytes', 'an integer of bytes above 0', maxPendingBytes)
  }
  return { key, maxLength, maxAge, timeout, replicas, maxPendingBytes }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) > 0
}
