import { describe as describeValue } from '../../src/wire/describe.ts'

test.each<[value: unknown, text: string]>([
  ['text', '"text"'],
  ['x'.repeat(100), `"${'x'.repeat(60)}…"`],
  [Number.NaN, 'NaN'],
  [null, 'null'],
  [undefined, 'undefined'],
  [() => {}, 'function'],
  [[1], 'an array'],
  [Promise.resolve(), 'a promise: await it'],
  [{}, 'an empty object'],
  [{ price: 1, symbol: 'A' }, 'an object with price, symbol'],
])('%p is said to be %s', (value, text) => {
  expect(describeValue(value)).toBe(text)
})
