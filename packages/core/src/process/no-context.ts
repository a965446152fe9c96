import { AsyncResource } from 'node:async_hooks'

const outside = new AsyncResource('downstream')

/**
 * Runs `callback` in no request's AsyncLocalStorage context. A stream often ends in somebody else's: on a timer that
 * another request has started, in a tick of the publisher, in the handler of an admin. What the app does then must not
 * see the store of that request, and what lasts must not retain it.
 */
export function inNoContext<T>(callback: () => T): T {
  return outside.runInAsyncScope(callback)
}
