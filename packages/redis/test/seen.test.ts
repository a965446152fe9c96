import { Seen } from '../src/seen.ts'

test('tells what comes twice, and forgets what is long past', () => {
  const seen = new Seen()
  expect(seen.add('a')).toBe(true)
  expect(seen.add('a')).toBe(false)
  expect(seen.has('a')).toBe(true)
  for (let n = 0; n < 4_095; n++) seen.add(String(n))
  expect(seen.has('a')).toBe(true)
  seen.add('one more')
  expect(seen.has('a')).toBe(false)
  expect(seen.has('0')).toBe(true)
})
