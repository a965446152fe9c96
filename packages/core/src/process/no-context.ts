import { AsyncResource } from 'node:async_hooks'

const outside = new AsyncResource('downstream')
// Node stores the contexts in which a resource was created on the resource. Those of a request that loads this module (a
// lazy import) would stay for the life of the process.
for (const key of Object.getOwnPropertySymbols(outside)) {
  if (/store|frame/i.test(String(key.description))) Reflect.deleteProperty(outside, key)
}

/**
 * Runs `callback` outside of any request's AsyncLocalStorage context. A stream often ends in the context of another
 * request: on a timer that the request started, in a publisher's tick, or in an admin's handler. Code of the app that
 * runs then must not see that request's store, and long-lived objects must not retain it.
 */
export function inNoContext<T>(callback: () => T): T {
  return outside.runInAsyncScope(callback)
}
