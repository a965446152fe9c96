import { describe as describeValue } from '../../src/wire/describe.ts'

test.each<[value: unknown, text: string]>([
  ['text', '"text"'],
  ['x'.repeat(100), `"${'x'.repeat(60)}…"`],
  [Number.NaN, 'NaN'],
  [null, 'null'],
  [undefined, 'undefined'],
  [() => {}, 'a function'],
  [Symbol('s'), 'symbol'],
  [Buffer.from('abc'), 'a Buffer of 3 bytes'],
  [new Uint16Array(3), 'a Uint16Array of 6 bytes'],
  [new Map(), 'a Map'],
  [new Error('no'), 'an Error'],
  [new Date(0), 'a Date'],
  [[1], 'an array'],
  [Promise.resolve(), 'a promise: await it'],
  [{}, 'an empty object'],
  [{ price: 1, symbol: 'A' }, 'an object with price, symbol'],
])('describes %p as %s', (value, text) => {
  expect(describeValue(value)).toBe(text)
})
