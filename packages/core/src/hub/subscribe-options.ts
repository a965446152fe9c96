import { checkOptionNames, invalidOption } from '../errors.ts'
import type { SubscribeOptions } from './hub.ts'

const NAMES = ['filter', 'after', 'coalesce', 'key', 'once'] as const satisfies (keyof SubscribeOptions)[]

/** @throws {@link SseError} ERR_SSE_INVALID_OPTION, naming the option */
export function checkSubscribeOptions(options: SubscribeOptions): void {
  checkOptionNames(options, NAMES, 'options of a subscription')
  const { filter, coalesce, once } = options
  for (const [name, value] of Object.entries({ filter, coalesce })) {
    if (value === undefined || typeof value === 'function') continue
    throw invalidOption(name, 'a function')
  }
  if (once !== undefined && typeof once !== 'boolean') throw invalidOption('once', 'true or false')
}
