import { SseError, warn } from '../errors.ts'
import { describe } from '../wire/describe.ts'
import { encodeEvent, type Serialize, serializeJson } from '../wire/encode.ts'
import { checkOptionNames, invalidOption } from '../wire/invalid-option.ts'
import { MemoryRunStore } from './memory-run-store.ts'
import type { RunControlEvents } from './run-control-event.ts'
import type { RunStore } from './run-store.ts'
import type { RunOptions, RunsCloseOptions, RunsOptions } from './runs.ts'

/** The checked options, with their defaults. */
export interface ResolvedRunsOptions {
  readonly store: RunStore
  readonly names: RunControlEvents
  readonly serialize: Serialize
  readonly onError: (error: unknown, id: string) => void
  readonly maxRuns: number
}

/** The checked options of one run, with their defaults. */
export type ResolvedRunOptions = { readonly [Name in keyof RunOptions]-?: NonNullable<RunOptions[Name]> }

const MAX_ID_LENGTH = 512
/** The longest delay of a Node timer. A timer with a longer one fires at once. */
const MAX_TIME = 2_147_483_647

/** @throws {@link SseError} ERR_SSE_INVALID_OPTION, naming the option */
export function resolveRunsOptions(options: RunsOptions): ResolvedRunsOptions {
  checkOptionNames(
    options,
    ['store', 'controlEvents', 'serialize', 'onError', 'maxRuns'],
    'options of createRuns',
  )
  const { controlEvents = {} } = options
  checkOptionNames(controlEvents, ['end', 'gap'], 'controlEvents')
  const { end = 'end', gap = 'gap' } = controlEvents
  const {
    store = new MemoryRunStore(),
    serialize = serializeJson,
    onError = warn,
    maxRuns = 10_000,
  } = options
  for (const [name, value] of Object.entries({ serialize, onError })) {
    if (typeof value !== 'function') throw invalidOption(name, 'a function', value)
  }
  if (typeof store?.start !== 'function')
    throw invalidOption('store', 'a RunStore, such as a MemoryRunStore or a RedisRunStore', store)
  checkInteger('maxRuns', maxRuns, Number.MAX_SAFE_INTEGER)
  for (const name of end === false ? [gap] : [end, gap]) {
    if (name === '')
      throw invalidOption('controlEvents', 'an object of names that are not empty', controlEvents)
    encodeEvent({ event: name, data: '' })
  }
  if (end === gap) throw invalidOption('controlEvents', 'an object of two names that differ', controlEvents)
  return { store, names: { end, gap }, serialize, onError, maxRuns }
}

/** @throws {@link SseError} ERR_SSE_INVALID_OPTION, naming the option */
export function resolveRunOptions(options: RunOptions): ResolvedRunOptions {
  checkOptionNames(options, ['ttl', 'maxBytes', 'maxAge', 'replace'], 'options of a run')
  const { ttl = 600_000, maxBytes = 4_194_304, maxAge = 3_600_000, replace = false } = options
  checkInteger('ttl', ttl, MAX_TIME)
  checkInteger('maxBytes', maxBytes, Number.MAX_SAFE_INTEGER)
  checkInteger('maxAge', maxAge, MAX_TIME)
  if (typeof replace !== 'boolean') throw invalidOption('replace', 'true or false', replace)
  return { ttl, maxBytes, maxAge, replace }
}

/** @throws {@link SseError} ERR_SSE_INVALID_OPTION, naming the option; those of a shutdown are checked there */
export function resolveRunsCloseOptions(options: RunsCloseOptions): RunsCloseOptions & { drain: number } {
  checkOptionNames(options, ['drain', 'retry', 'abruptEnd'], 'options of close')
  const { drain = 0 } = options
  if (!(typeof drain === 'number' && drain >= 0 && drain <= MAX_TIME)) {
    throw invalidOption('drain', `a number from 0 to ${MAX_TIME} (ms)`, drain)
  }
  return { ...options, drain }
}

/** @throws {@link SseError} ERR_SSE_INVALID_RUN_ID */
export function checkRunId(id: unknown): asserts id is string {
  if (typeof id === 'string' && id !== '' && id.length <= MAX_ID_LENGTH) return
  throw new SseError(
    'ERR_SSE_INVALID_RUN_ID',
    `The id of a run is a string of 1 to ${MAX_ID_LENGTH} characters; got ${describe(id)}.`,
  )
}

function checkInteger(name: string, value: unknown, most: number): void {
  if (Number.isSafeInteger(value) && (value as number) > 0 && (value as number) <= most) return
  throw invalidOption(name, `an integer from 1 to ${most}`, value)
}
