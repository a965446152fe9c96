import { Backoff } from '../../src/connection/backoff.ts'

test('waits longer each time, up to two seconds, with a random part', () => {
  const waits = (backoff: Backoff) => Array.from({ length: 12 }, () => backoff.next())
  const [some, others] = [waits(new Backoff()), waits(new Backoff())]
  expect(some).not.toEqual(others)
  for (const [n, wait] of some.entries()) {
    const longest = Math.min(50 * 2 ** n, 2_000)
    expect(wait).toBeGreaterThanOrEqual(longest / 2 - 1)
    expect(wait).toBeLessThanOrEqual(longest)
  }
})

test('starts again after a success', () => {
  const backoff = new Backoff()
  for (let n = 0; n < 10; n++) backoff.next()
  backoff.reset()
  expect(backoff.next()).toBeLessThanOrEqual(50)
})
