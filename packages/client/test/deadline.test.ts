import { createDeadline } from '../src/deadline.ts'

beforeEach(() => {
  jest.useFakeTimers()
})

afterEach(() => {
  jest.useRealTimers()
})

test('fires once, after its time', () => {
  const deadline = createDeadline()
  const action = jest.fn()
  deadline(12_000, action)
  jest.advanceTimersByTime(11_999)
  expect(action).not.toHaveBeenCalled()
  jest.advanceTimersByTime(1)
  expect(action).toHaveBeenCalledTimes(1)
  jest.advanceTimersByTime(100_000)
  expect(action).toHaveBeenCalledTimes(1)
})

test('the last call counts, and one without arguments clears it', () => {
  const deadline = createDeadline()
  const [first, second] = [jest.fn(), jest.fn()]
  deadline(1_000, first)
  deadline(1_000, second)
  jest.advanceTimersByTime(1_000)
  expect([first, second].map((action) => action.mock.calls.length)).toEqual([0, 1])
  deadline(1_000, first)
  deadline()
  jest.advanceTimersByTime(10_000)
  expect(first).not.toHaveBeenCalled()
})

test('after a sleep, in which timers do not run, it fires within 5 s', () => {
  const deadline = createDeadline()
  const action = jest.fn()
  deadline(45_000, action)
  jest.advanceTimersByTime(1_000)
  jest.setSystemTime(Date.now() + 3_600_000)
  jest.advanceTimersByTime(5_000)
  expect(action).toHaveBeenCalledTimes(1)
})

test('a clock that is set back does not make it wait longer', () => {
  const deadline = createDeadline()
  const action = jest.fn()
  deadline(45_000, action)
  jest.setSystemTime(Date.now() - 3_600_000)
  jest.advanceTimersByTime(45_000)
  expect(action).toHaveBeenCalledTimes(1)
})
