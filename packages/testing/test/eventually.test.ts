import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { eventually, standstill } from '../src/eventually.ts'

test('gives the first thing that is true, of a promise too', async () => {
  let asked = 0
  expect(await eventually('a number', () => (++asked < 3 ? undefined : asked))).toBe(3)
  expect(await eventually('a number', async () => (++asked < 6 ? null : asked))).toBe(6)
})

test('passes on what the condition throws', async () => {
  await expect(
    eventually('nothing', () => {
      throw new TypeError('no such thing')
    }),
  ).rejects.toThrow('no such thing')
})

describe('in vain', () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick'] })
  })

  afterEach(() => {
    jest.useRealTimers()
  })

  test.each<[name: string, condition: () => boolean | Promise<boolean>]>([
    ['what stays false', () => false],
    ['what never comes', () => new Promise(() => {})],
  ])('it says what it waited for, and how things are: %s', async (_, condition) => {
    const waiting = eventually('the end', condition, () => ({ open: 2 }))
    const failed = expect(waiting).rejects.toThrow('Waited 30000 ms in vain: the end; {"open":2}')
    await jest.advanceTimersByTimeAsync(31_000)
    await failed
  })
})

test('standstill waits until a number has stopped growing', async () => {
  let count = 0
  const growing = setInterval(() => count++, 10)
  const stopped = sleep(100).then(() => clearInterval(growing))
  const last = await standstill('the numbers', () => count)
  await stopped
  await nextTurn()
  expect(last).toBe(count)
})
