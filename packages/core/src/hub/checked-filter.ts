import { SseError } from '../errors.ts'
import { describe } from '../wire/describe.ts'
import type { PublishedEvent } from './hub.ts'

/**
 * What the app's filter returns for an event. Anything but true or false throws: a promise, for example, is truthy and
 * would let every event through.
 */
export function checkedFilter(filter: (event: PublishedEvent) => unknown, event: PublishedEvent): boolean {
  const answer = filter(event)
  if (typeof answer === 'boolean') return answer
  // A rejection of that promise must not end the process as well.
  Promise.resolve(answer).catch(() => {})
  throw new SseError(
    'ERR_SSE_INVALID_OPTION',
    `Option filter must return true or false; got ${describe(answer)}. It cannot be async: look up what it needs before you subscribe.`,
  )
}
