import { checkOptionNames, invalidOption } from '../wire/invalid-option.ts'
import type { EventsOptions, ReadyOptions, SubscribeOptions } from './hub.ts'

const NAMES = ['filter', 'after', 'coalesce', 'key', 'snapshot'] as const satisfies (keyof SubscribeOptions)[]
const EVENTS_NAMES = ['filter', 'after', 'signal'] as const satisfies (keyof EventsOptions)[]

/** @throws {@link SseError} ERR_SSE_INVALID_OPTION, naming the option */
export function checkSubscribeOptions(options: SubscribeOptions): void {
  checkOptionNames(options, NAMES, 'options of a subscription')
  const { filter, coalesce, key, snapshot } = options
  checkFunctions({ filter, coalesce, snapshot })
  if (key !== undefined) checkKey(key, 'key')
}

/** @throws {@link SseError} ERR_SSE_INVALID_OPTION, naming the option */
export function checkEventsOptions(options: EventsOptions): void {
  checkOptionNames(options, EVENTS_NAMES, 'options of events()')
  const { filter, signal } = options
  checkFunctions({ filter })
  checkSignal(signal)
}

/** @throws {@link SseError} ERR_SSE_INVALID_OPTION, naming the option */
export function checkReadyOptions(options: ReadyOptions): void {
  checkOptionNames(options, ['signal'], 'options of ready()')
  checkSignal(options.signal)
}

/**
 * Requires a string. A number as a key would not equal the string that `disconnect()` looks for, and the stream would
 * stay open.
 *
 * @throws {@link SseError} ERR_SSE_INVALID_OPTION
 */
export function checkKey(key: unknown, name: string): asserts key is string {
  if (typeof key === 'string' && isWellFormed(key)) return
  throw invalidOption(name, 'a string of well-formed Unicode', key)
}

/** Whether text has no lone surrogates. They are refused because a log may replace them. */
export function isWellFormed(text: string): boolean {
  return !/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/.test(text)
}

function checkSignal(signal: AbortSignal | undefined): void {
  if (signal !== undefined && typeof signal?.addEventListener !== 'function')
    throw invalidOption('signal', 'an AbortSignal', signal)
}

function checkFunctions(functions: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(functions)) {
    if (value === undefined || typeof value === 'function') continue
    throw invalidOption(name, 'a function', value)
  }
}
