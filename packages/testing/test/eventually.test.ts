import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { eventually, standstill } from '../src/eventually.ts'

test('returns the first truthy value, even of a promise', async () => {
  let asked = 0
  expect(await eventually('a number', () => (++asked < 3 ? undefined : asked))).toBe(3)
  expect(await eventually('a number', async () => (++asked < 6 ? null : asked))).toBe(6)
})

test('throws what the condition throws', async () => {
  await expect(
    eventually('nothing', () => {
      throw new TypeError('no such thing')
    }),
  ).rejects.toThrow('no such thing')
})

describe('when the condition never becomes true', () => {
  /** A separate copy of the module, because its limit belongs to the module. */
  function load(): typeof import('../src/eventually.ts') {
    let module: unknown
    jest.isolateModules(() => {
      module = require('../src/eventually.ts')
    })
    return module as typeof import('../src/eventually.ts')
  }

  // Its limit of 30 s was longer than the 5 s after which Jest and Vitest end a test, so its message never appeared.
  test('it fails before the timeout of Jest', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick'] })
    try {
      // Its clock is the fake one, because it is loaded only now.
      const failed = expect(load().eventually('the end', () => false)).rejects.toThrow(
        'Timed out after 4000 ms',
      )
      jest.advanceTimersByTime(4_000)
      await failed
    } finally {
      jest.useRealTimers()
    }
  })

  test.each<[name: string, condition: () => boolean | Promise<boolean>]>([
    ['what stays false', () => false],
    ['what never comes', () => new Promise(() => {})],
  ])('it says what it waited for, and the current state: %s', async (_, condition) => {
    const { eventually, setPatience } = load()
    setPatience(20)
    await expect(eventually('the end', condition, () => ({ open: 2 }))).rejects.toThrow(
      'Timed out after 20 ms: the end; {"open":2}',
    )
  })
})

test('standstill() waits until a number has stopped growing', async () => {
  let count = 0
  const growing = setInterval(() => count++, 10)
  const stopped = sleep(100).then(() => clearInterval(growing))
  const last = await standstill('the numbers', () => count)
  await stopped
  await nextTurn()
  expect(last).toBe(count)
})
