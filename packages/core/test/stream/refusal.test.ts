import { Refusal, type Refuse } from '../../src/stream/refusal.ts'
import { responseHead } from '../../src/wire/head.ts'

test('clients that are refused at once do not come back at once: their retry is spread over 5 to 15 s', () => {
  const retries = Array.from({ length: 1_000 }, () => new Refusal('total', 'later').retry)
  expect(Math.min(...retries)).toBeGreaterThanOrEqual(5_000)
  expect(Math.max(...retries)).toBeLessThanOrEqual(15_000)
  expect(new Set(retries).size).toBeGreaterThan(500)
})

test.each<[refuse: Refuse, headers: string[]]>([
  ['stop', ['Cache-Control: no-store']],
  [404, ['Cache-Control: no-store', 'Content-Type: text/plain; charset=utf-8']],
])('an answer of %p has no header that only an event stream has', (refuse, headers) => {
  const stream = responseHead(() => undefined, [['X-App', 'yes']])
  const sent = new Refusal('app', refuse).head(stream)
  expect(sent.map(([name, value]) => `${name}: ${value}`)).toEqual([
    'X-App: yes',
    'X-Content-Type-Options: nosniff',
    ...headers,
  ])
})
