import { clock } from '../../src/process/clock.ts'

const real = { ...clock }

/** Fake timers for the streams too, which otherwise keep those of before. Their ticks stay real: what is written leaves. */
export function useFakeClock(): void {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] })
  Object.assign(clock, { now: () => performance.now(), setInterval, clearInterval })
}

export function useRealClock(): void {
  Object.assign(clock, real)
  jest.useRealTimers()
}
