import { SseError } from '@downstream/core'

/** How a `RedisRunStore` behaves; none is needed. */
export interface RedisRunStoreOptions {
  /**
   * What the names of all keys and channels begin with. All processes that share their runs use the same.
   * Default: `downstream:runs`.
   */
  prefix?: string | undefined
  /**
   * How many ms after the death of its process a run is `lost`, at the latest. A process whose event loop stands still
   * for more than half of it loses its runs. Default: 10 000.
   */
  lease?: number | undefined
  /**
   * How many ms Redis may take to answer before its connection is given up; at most 40 % of `lease` is used.
   * Default: 5 000.
   */
  timeout?: number | undefined
  /**
   * How many ms Redis may be away while a run waits to store its events. Beyond it the run fails. Default: 60 000.
   */
  maxWait?: number | undefined
  /**
   * Over how many hash tags the runs are spread, and with them over the nodes of a cluster: each takes a connection
   * of its own. All processes use the same number. Default: 1.
   */
  tags?: number | undefined
}

/** The options with their defaults, checked. */
export interface ResolvedRedisRunStoreOptions {
  readonly prefix: string
  readonly lease: number
  readonly timeout: number
  readonly maxWait: number
  readonly tags: number
}

const NAMES: readonly string[] = [
  'prefix',
  'lease',
  'timeout',
  'maxWait',
  'tags',
] as const satisfies (keyof RedisRunStoreOptions)[]

const MAX_TAGS = 1_024
/** A longer delay makes setTimeout() fire at once. */
const MAX_DELAY = 2 ** 30

/** @throws SseError ERR_SSE_INVALID_OPTION, naming the option */
export function resolveRedisRunStoreOptions(options: RedisRunStoreOptions): ResolvedRedisRunStoreOptions {
  for (const name of Object.keys(options)) {
    if (!NAMES.includes(name)) {
      throw invalid(`There is no option ${name}. The options of a RedisRunStore are: ${NAMES.join(', ')}.`)
    }
  }
  const { prefix = 'downstream:runs', lease = 10_000, timeout = 5_000, maxWait = 60_000, tags = 1 } = options
  if (typeof prefix !== 'string' || !/^[^{}]+$/.test(prefix)) {
    throw invalid('Option prefix must be a string that is not empty and has no braces.')
  }
  for (const [name, value, least, most] of [
    ['lease', lease, 500, MAX_DELAY],
    ['timeout', timeout, 1, MAX_DELAY],
    ['maxWait', maxWait, 1, MAX_DELAY],
    ['tags', tags, 1, MAX_TAGS],
  ] as const) {
    if (Number.isSafeInteger(value) && value >= least && value <= most) continue
    throw invalid(`Option ${name} must be an integer from ${least} to ${most}.`)
  }
  return { prefix, lease, timeout, maxWait, tags }
}

function invalid(message: string): SseError {
  return new SseError('ERR_SSE_INVALID_OPTION', message)
}
