import { type Sleeper, TimerWheel } from '../../src/stream/timer-wheel.ts'

const TICK = 100

/** Sleeps until it is due, however often it is woken before, and takes down when that was. */
class Alarm implements Sleeper {
  slot?: Set<Sleeper> | undefined
  wakings = 0
  wokenAt: number | undefined
  readonly #due: number

  constructor(delay: number) {
    this.#due = performance.now() + delay
  }

  wake(now: number): number {
    this.wakings++
    if (now < this.#due) return this.#due - now
    this.wokenAt = now
    return Number.POSITIVE_INFINITY
  }
}

let wheel: TimerWheel
beforeEach(() => {
  jest.useFakeTimers()
  wheel = new TimerWheel()
})
afterEach(() => {
  jest.useRealTimers()
})

function add(delay: number): Alarm {
  const alarm = new Alarm(delay)
  wheel.add(alarm, delay)
  return alarm
}

test.each([0, 1, 99, 100, 101, 950, 15_000, 15_900, 16_000, 16_100, 60_000, 100_000])(
  'a sleeper is woken when it is due, a tick or two later at most: %i ms',
  (delay) => {
    jest.advanceTimersByTime(TICK / 2)
    const before = performance.now()
    const alarm = add(delay)
    jest.advanceTimersByTime(delay + 2 * TICK)
    expect(alarm.wokenAt).toBeGreaterThanOrEqual(before + delay)
    expect(alarm.wokenAt).toBeLessThanOrEqual(before + delay + 2 * TICK)
  },
)

test('a sleeper is woken on time while the wheel has been turning for others', () => {
  add(60_000)
  jest.advanceTimersByTime(20_050)
  const before = performance.now()
  const alarm = add(1_000)
  jest.advanceTimersByTime(1_200)
  expect(alarm.wokenAt).toBeGreaterThanOrEqual(before + 1_000)
})

test('a long sleep is interrupted once a round of the wheel, not at every tick', () => {
  const alarm = add(60_000)
  jest.advanceTimersByTime(60_200)
  expect(alarm.wokenAt).toBeDefined()
  expect(alarm.wakings).toBeLessThan(10)
})

test('a sleeper that is never due does not wait at all', () => {
  add(Number.POSITIVE_INFINITY)
  expect(wheel.size).toBe(0)
  expect(jest.getTimerCount()).toBe(0)
})

test('a sleeper whose wake() asks for more is woken again and again', () => {
  const wake = jest.fn(() => 1_000)
  wheel.add({ wake }, 1_000)
  jest.advanceTimersByTime(10_000)
  expect(wake.mock.calls.length).toBeGreaterThanOrEqual(8)
  expect(wake.mock.calls.length).toBeLessThanOrEqual(10)
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
  wheel.add(sleeper, 100)
  jest.advanceTimersByTime(1_000)
  expect(sleeper.wake).toHaveBeenCalledTimes(1)
  expect(wheel.size).toBe(0)
})

test('a sleeper that another one deletes in the same tick is not woken', () => {
  const victim = new Alarm(100)
  const wake = () => {
    wheel.delete(victim)
    return Number.POSITIVE_INFINITY
  }
  wheel.add({ wake }, 100)
  wheel.add(victim, 100)
  jest.advanceTimersByTime(1_000)
  expect(victim.wakings).toBe(0)
})

test('a thousand sleepers share one timer, and the last takes it with it', () => {
  const alarms = Array.from({ length: 1_000 }, (_, index) => add(index))
  expect(wheel.size).toBe(1_000)
  expect(jest.getTimerCount()).toBe(1)
  for (const alarm of alarms) wheel.delete(alarm)
  expect(wheel.size).toBe(0)
  expect(jest.getTimerCount()).toBe(0)
})

test('the wheel turns again for a sleeper that comes after it stood still', () => {
  wheel.delete(add(1_000))
  jest.advanceTimersByTime(3_600_000)
  const before = performance.now()
  const alarm = add(1_000)
  expect(wheel.now).toBe(before)
  jest.advanceTimersByTime(1_200)
  expect(alarm.wokenAt).toBeGreaterThanOrEqual(before + 1_000)
})

test('a sleeper does not keep the process alive', () => {
  jest.useRealTimers()
  const before = process.getActiveResourcesInfo()
  const alarm = add(1_000)
  expect(process.getActiveResourcesInfo()).toEqual(before)
  wheel.delete(alarm)
})
