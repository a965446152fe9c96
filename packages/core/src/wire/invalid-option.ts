import { SseError } from '../errors.ts'
import { describe } from './describe.ts'

/**
 * The error for an option with an invalid value.
 *
 * @param rule - completes "Option retry must be …"
 */
export function invalidOption(name: string, rule: string, value: unknown): SseError {
  return new SseError('ERR_SSE_INVALID_OPTION', `Option ${name} must be ${rule}; got ${describe(value)}.`)
}

/**
 * Refuses unknown option names. Otherwise a misspelled `fliter` would be ignored, and every client would receive every
 * event.
 *
 * @throws {@link SseError} ERR_SSE_INVALID_OPTION
 */
export function checkOptionNames(options: object, names: readonly string[], whose = 'options'): void {
  if (typeof options !== 'object' || options === null) {
    throw new SseError('ERR_SSE_INVALID_OPTION', `The ${whose} must be an object; got ${describe(options)}.`)
  }
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue
    throw new SseError(
      'ERR_SSE_INVALID_OPTION',
      `There is no option ${name}. The ${whose} are: ${names.join(', ')}.`,
    )
  }
}
