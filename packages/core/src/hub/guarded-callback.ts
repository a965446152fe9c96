import { AsyncResource } from 'node:async_hooks'

/**
 * Wraps a function of the app so that it cannot stop the hub: `report` receives the error that it throws or that its
 * promise rejects with. It runs in the async context in which the app passed it to the hub, never in that of a request.
 */
export function guardedCallback<A extends unknown[]>(
  call: (...args: A) => unknown,
  report: (error: unknown) => void,
): (...args: A) => void {
  const scope = new AsyncResource('DownstreamCallback')
  return (...args) => {
    try {
      const returned = scope.runInAsyncScope(call, undefined, ...args)
      Promise.resolve(returned).catch(report)
    } catch (error) {
      report(error)
    }
  }
}
