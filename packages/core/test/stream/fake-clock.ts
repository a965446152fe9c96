import { clock } from '../../src/process/clock.ts'

const real = { ...clock }

/** Fake timers also for streams, which otherwise keep the real ones. Ticks stay real, so that written text is sent. */
export function useFakeClock(): void {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] })
  Object.assign(clock, { now: () => performance.now(), setInterval, clearInterval })
}

export function useRealClock(): void {
  Object.assign(clock, real)
  jest.useRealTimers()
}
