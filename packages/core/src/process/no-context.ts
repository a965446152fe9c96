import { AsyncResource } from 'node:async_hooks'

const outside = new AsyncResource('downstream')

/**
 * Runs `callback` outside of any request's AsyncLocalStorage context. A stream often ends in the context of another
 * request: on a timer that it started, in a tick of the publisher, in the handler of an admin. Code of the app that
 * runs then must not see that request's store, and long-lived objects must not retain it.
 */
export function inNoContext<T>(callback: () => T): T {
  return outside.runInAsyncScope(callback)
}
