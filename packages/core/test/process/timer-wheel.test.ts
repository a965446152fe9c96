import { clock } from '../../src/process/clock.ts'
import { type Sleeper, TimerWheel } from '../../src/process/timer-wheel.ts'
import { useFakeClock, useRealClock } from '../stream/fake-clock.ts'

const TICK = 100

/** Sleeps until it is due, however often it is woken before, and records the time. */
class Alarm implements Sleeper {
  slot?: Set<Sleeper> | undefined
  wakings = 0
  wokenAt: number | undefined
  readonly due: number

  constructor(delay: number) {
    this.due = performance.now() + delay
  }

  wake(until: number): number {
    this.wakings++
    if (until < this.due) return this.due
    this.wokenAt = performance.now()
    return Number.POSITIVE_INFINITY
  }
}

let wheel: TimerWheel
beforeEach(() => {
  useFakeClock()
  wheel = new TimerWheel()
})
afterEach(useRealClock)

function add(delay: number): Alarm {
  const alarm = new Alarm(delay)
  wheel.add(alarm, alarm.due)
  return alarm
}

/** This interval fires exactly on time; that of a real process is a little late each time. */
const EARLY = 2 * TICK

test.each([211, 250, 299, 300, 301, 950, 15_000, 15_900, 16_000, 16_100, 60_000, 100_000])(
  'a sleeper is woken in the last ticks before it is due, never later: %i ms',
  (delay) => {
    add(60_000)
    for (let offset = 0; offset < TICK; offset += 7) {
      jest.advanceTimersByTime(7)
      const alarm = add(delay)
      jest.advanceTimersByTime(delay - EARLY)
      expect(alarm.wokenAt).toBeUndefined()
      jest.advanceTimersByTime(EARLY)
      expect(alarm.wokenAt).toBeLessThanOrEqual(alarm.due)
    }
  },
)

test('a sleeper is not late if every other tick is, by as much as that of an idle process', () => {
  let isLate = false
  clock.setInterval = ((tick: () => void, ms: number) =>
    setInterval(() => {
      isLate = !isLate
      setTimeout(tick, isLate ? 9 : 0)
    }, ms)) as typeof clock.setInterval
  const alarms = Array.from({ length: 400 }, (_, offset) => add(300 + offset))
  jest.advanceTimersByTime(1_000)
  for (const { due, wokenAt } of alarms) expect(wokenAt).toBeLessThanOrEqual(due)
})

// The wheel moved one slot per call, however late the call was: after a stall of 3 s everything came 3 s late. Now the
// next tick visits all slots that were missed.
test.each([500, 3_000, 15_000, 16_000, 60_000, 3_600_000])(
  'after a stall of %i ms everything that was due in it is woken at once, and the rest on time',
  (stall) => {
    const alarms = Array.from({ length: 200 }, (_, index) => add(150 + index * 100))
    const start = performance.now()
    // A late call of the interval: time has passed without a call.
    const now = jest.spyOn(clock, 'now').mockImplementation(() => performance.now() + stall)
    jest.advanceTimersByTime(TICK)
    for (const { due, wokenAt } of alarms) {
      if (due <= start + stall) expect(wokenAt).toBeDefined()
    }
    jest.advanceTimersByTime(20_200)
    for (const { due, wokenAt } of alarms) {
      const at = (wokenAt ?? Number.POSITIVE_INFINITY) + stall
      expect(at).toBeLessThanOrEqual(Math.max(due, start + stall + TICK))
    }
    now.mockRestore()
  },
)

test('a long sleep is interrupted once a round of the wheel, not at every tick', () => {
  const alarm = add(60_000)
  jest.advanceTimersByTime(60_200)
  expect(alarm.wokenAt).toBeDefined()
  expect(alarm.wakings).toBeLessThan(10)
})

test('after an hour in which the process was suspended, a long sleep is interrupted once', () => {
  const alarm = add(10 * 3_600_000)
  const now = jest.spyOn(clock, 'now').mockImplementation(() => performance.now() + 3_600_000)
  jest.advanceTimersByTime(TICK)
  now.mockRestore()
  expect(alarm.wakings).toBeLessThanOrEqual(1)
})

test('a sleeper that is never due does not wait at all', () => {
  add(Number.POSITIVE_INFINITY)
  expect(wheel.size).toBe(0)
  expect(jest.getTimerCount()).toBe(0)
})

test('a sleeper whose wake() returns another time is woken again', () => {
  const wake = jest.fn((until: number) => until + 1_000)
  wheel.add({ wake }, performance.now() + 1_000)
  jest.advanceTimersByTime(10_000)
  expect(wake.mock.calls.length).toBeGreaterThanOrEqual(8)
  expect(wake.mock.calls.length).toBeLessThanOrEqual(11)
})

test('a deleted sleeper is not woken', () => {
  const alarm = add(1_000)
  wheel.delete(alarm)
  jest.advanceTimersByTime(20_000)
  expect(alarm.wakings).toBe(0)
})

test('deleting a sleeper twice, or one that never waited, changes nothing', () => {
  add(1_000)
  const alarm = add(1_000)
  wheel.delete(alarm)
  wheel.delete(alarm)
  wheel.delete(new Alarm(1_000))
  expect(wheel.size).toBe(1)
})

test('a sleeper that is deleted while it is awake sleeps no more', () => {
  const sleeper: Sleeper & { wake: jest.Mock } = {
    wake: jest.fn(() => {
      wheel.delete(sleeper)
      return 100
    }),
  }
  wheel.add(sleeper, performance.now() + 300)
  jest.advanceTimersByTime(1_000)
  expect(sleeper.wake).toHaveBeenCalledTimes(1)
  expect(wheel.size).toBe(0)
})

test('a sleeper that another one deletes in the same tick is not woken', () => {
  const victim = new Alarm(300)
  const wake = () => {
    wheel.delete(victim)
    return Number.POSITIVE_INFINITY
  }
  wheel.add({ wake }, victim.due)
  wheel.add(victim, victim.due)
  jest.advanceTimersByTime(1_000)
  expect(victim.wakings).toBe(0)
})

test('a thousand sleepers share one timer, which is cleared with the last', () => {
  const alarms = Array.from({ length: 1_000 }, (_, index) => add(index))
  expect(wheel.size).toBe(1_000)
  expect(jest.getTimerCount()).toBe(1)
  for (const alarm of alarms) wheel.delete(alarm)
  expect(wheel.size).toBe(0)
  expect(jest.getTimerCount()).toBe(0)
})

test('the wheel starts again for a sleeper that is added after it has stopped', () => {
  wheel.delete(add(1_000))
  jest.advanceTimersByTime(3_600_000)
  const before = performance.now()
  const alarm = add(1_000)
  expect(wheel.now).toBe(before)
  jest.advanceTimersByTime(1_000)
  expect(alarm.wokenAt).toBeGreaterThan(before + 700)
})

test('a sleeper does not keep the process alive', () => {
  useRealClock()
  const before = process.getActiveResourcesInfo()
  const alarm = add(1_000)
  expect(process.getActiveResourcesInfo()).toEqual(before)
  wheel.delete(alarm)
})
