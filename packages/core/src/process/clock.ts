/**
 * Node's clock and timers, captured when this module is loaded. Fake timers that a test installs later would otherwise
 * stop every stream and every hub. A hub would even stay stopped, because the tick that it scheduled never comes.
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

/**
 * Resolves after `ms`, or when `signal` aborts. Unlike other timers it keeps the process alive, because a caller awaits
 * the end.
 */
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
