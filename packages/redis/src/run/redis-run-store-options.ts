import { checkOptionNames, invalidOption } from '@downstream/core'

/** Options of a `RedisRunStore`, all of them optional. */
export interface RedisRunStoreOptions {
  /**
   * The beginning of the names of all keys and channels. All processes that share their runs use the same. Default:
   * `downstream:runs`.
   */
  prefix?: string | undefined
  /**
   * A run becomes `lost` at most this many ms after the death of its process. A process whose event loop is blocked for
   * more than half of this time loses its runs. Default: 10 000.
   */
  lease?: number | undefined
  /**
   * How many ms Redis may take to answer before the connection is given up. No more than 40 % of `lease` is used.
   * Default: 5 000.
   */
  timeout?: number | undefined
  /**
   * How many ms a run waits to store its events while Redis cannot be reached. After that it fails. Default: 60 000.
   */
  maxWait?: number | undefined
  /**
   * How many hash tags the runs are distributed over, and thereby over the nodes of a cluster. Each takes a connection
   * of its own. All processes use the same number. Default: 1.
   */
  tags?: number | undefined
}

/** The checked options, with their defaults. */
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
/** setTimeout() fires at once for a longer delay. */
const MAX_DELAY = 2 ** 30

/** @throws SseError ERR_SSE_INVALID_OPTION, naming the option */
export function resolveRedisRunStoreOptions(options: RedisRunStoreOptions): ResolvedRedisRunStoreOptions {
  checkOptionNames(options, NAMES, 'options of a RedisRunStore')
  const { prefix = 'downstream:runs', lease = 10_000, timeout = 5_000, maxWait = 60_000, tags = 1 } = options
  if (typeof prefix !== 'string' || !/^[^{}]+$/.test(prefix)) {
    throw invalidOption('prefix', 'a string that is not empty and has no braces', prefix)
  }
  for (const [name, value, least, most] of [
    ['lease', lease, 500, MAX_DELAY],
    ['timeout', timeout, 1, MAX_DELAY],
    ['maxWait', maxWait, 1, MAX_DELAY],
    ['tags', tags, 1, MAX_TAGS],
  ] as const) {
    if (Number.isSafeInteger(value) && value >= least && value <= most) continue
    throw invalidOption(name, `an integer from ${least} to ${most}`, value)
  }
  return { prefix, lease, timeout, maxWait, tags }
}
