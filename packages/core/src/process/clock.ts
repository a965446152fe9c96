/**
 * Node's clock and timers, bound when this module is loaded: a test that installs fake timers afterwards would
 * otherwise stop every stream and every hub, and a hub for good (the tick that it had scheduled never comes).
 */
export const clock: {
  now(): number
  nextTick: typeof process.nextTick
  setImmediate: typeof setImmediate
  setInterval: typeof setInterval
  clearInterval: typeof clearInterval
  setTimeout: typeof setTimeout
  clearTimeout: typeof clearTimeout
} = {
  now: performance.now.bind(performance),
  nextTick: process.nextTick,
  setImmediate,
  setInterval,
  clearInterval,
  setTimeout,
  clearTimeout,
}

/** Resolves in the next turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    clock.setImmediate(resolve)
  })
}

/** Resolves after `ms`, or when `signal` aborts. It holds the process, unlike other timers: somebody awaits an end. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const stop = () => {
      clock.clearTimeout(timer)
      signal?.removeEventListener('abort', stop)
      resolve()
    }
    const timer = clock.setTimeout(stop, ms)
    signal?.addEventListener('abort', stop)
  })
}
