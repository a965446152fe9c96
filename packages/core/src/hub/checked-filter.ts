import { SseError } from '../errors.ts'
import { describe } from '../wire/describe.ts'
import type { PublishedEvent } from './hub.ts'

/**
 * Calls the app's filter and requires true or false. A promise, for example, is truthy and would let every event
 * through.
 */
export function checkedFilter(filter: (event: PublishedEvent) => unknown, event: PublishedEvent): boolean {
  const answer = filter(event)
  if (typeof answer === 'boolean') return answer
  // If the answer is a promise that rejects, the unhandled rejection would end the process.
  Promise.resolve(answer).catch(() => {})
  throw new SseError(
    'ERR_SSE_INVALID_OPTION',
    `Option filter must return true or false; got ${describe(answer)}. It cannot be async: look up what it needs before you subscribe.`,
  )
}
