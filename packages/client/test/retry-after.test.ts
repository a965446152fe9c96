import { retryAfter } from '../src/retry-after.ts'

const ms = (value?: string) => retryAfter(new Headers(value === undefined ? {} : { 'Retry-After': value }))

test('Retry-After is read as seconds or as a date; without it there is no wait', () => {
  expect(ms('120')).toBe(120_000)
  const date = ms(new Date(Date.now() + 60_000).toUTCString())
  expect(date).toBeGreaterThan(50_000)
  expect(date).toBeLessThanOrEqual(60_000)
  expect(ms()).toBe(0)
  expect(ms('soon')).toBe(0)
  expect(ms('0')).toBeLessThanOrEqual(0)
})
