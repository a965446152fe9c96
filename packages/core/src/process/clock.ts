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
