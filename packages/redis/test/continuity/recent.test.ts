import { Recent } from '../../src/continuity/recent.ts'

test('detects duplicates, and forgets old ids', () => {
  const recent = new Recent<string>(100)
  expect(recent.add('a')).toBe(true)
  expect(recent.add('a')).toBe(false)
  for (let n = 0; n < 99; n++) recent.add(String(n))
  expect(recent.has('a')).toBe(true)
  recent.add('one more')
  expect(recent.has('a')).toBe(false)
  expect(recent.has('0')).toBe(true)
})
