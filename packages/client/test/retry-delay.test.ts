import { retryDelay } from '../src/retry-delay.ts'

function delays(failures: number, min: number, max: number): number[] {
  return Array.from({ length: 1_000 }, () => retryDelay(failures, min, max))
}

test.each([
  [1, 1_000, 30_000, 2_000],
  [2, 1_000, 30_000, 4_000],
  [5, 1_000, 30_000, 30_000],
  [5_000, 1_000, 30_000, 30_000],
])('after %i failures it is spread from min (%i, max %i) to %i', (failures, min, max, upper) => {
  const all = delays(failures, min, max)
  const width = upper - min
  expect(Math.min(...all)).toBeGreaterThanOrEqual(min)
  expect(Math.min(...all)).toBeLessThan(min + width / 10)
  expect(Math.max(...all)).toBeLessThanOrEqual(upper)
  expect(Math.max(...all)).toBeGreaterThan(upper - width / 10)
})

test('a min above max, which a server may send, is kept', () => {
  expect(new Set(delays(3, 60_000, 30_000))).toEqual(new Set([60_000]))
})

test('with a min of 0 the delay grows while attempts fail', () => {
  expect(Math.max(...delays(6, 0, 30_000))).toBeGreaterThan(1_000)
})
