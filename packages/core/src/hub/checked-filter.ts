import { SseError } from '../errors.ts'
import { describe } from '../wire/describe.ts'
import type { PublishedEvent } from './hub.ts'

/**
 * What the app's filter says of an event. Anything but true or false is an error: a promise, for example, would let
 * every event through.
 */
export function checkedFilter(filter: (event: PublishedEvent) => unknown, event: PublishedEvent): boolean {
  const answer = filter(event)
  if (typeof answer === 'boolean') return answer
  // Its rejection must not end the process on top of that.
  Promise.resolve(answer).catch(() => {})
  throw new SseError(
    'ERR_SSE_INVALID_OPTION',
    `Option filter must return true or false; got ${describe(answer)}. It cannot be async: look up what it needs before you subscribe.`,
  )
}
