import { Refusal } from '../../src/stream/refusal.ts'

test('clients that are refused at once do not come back at once: their retry is spread over 5 to 15 s', () => {
  const retries = Array.from({ length: 1_000 }, () => new Refusal('total', 'later').retry)
  expect(Math.min(...retries)).toBeGreaterThanOrEqual(5_000)
  expect(Math.max(...retries)).toBeLessThanOrEqual(15_000)
  expect(new Set(retries).size).toBeGreaterThan(500)
})
