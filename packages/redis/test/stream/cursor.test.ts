import {
  formatCursor,
  isBefore,
  isNonce,
  isSamePosition,
  msOf,
  newNonce,
  parseCursor,
} from '../../src/stream/cursor.ts'

const max = '18446744073709551615'

test('a cursor contains its position', () => {
  for (const id of ['0-1', '1795178105225-0', '1795178105225-12', `${max}-${max}`]) {
    const position = { id, nonce: newNonce() }
    expect(parseCursor(formatCursor(position))).toEqual(position)
    expect(formatCursor(position)).toMatch(/^[\w.-]{1,64}$/)
  }
})

test('no two nonces are the same', () => {
  const nonces = Array.from({ length: 1_000 }, newNonce)
  expect(new Set(nonces).size).toBe(1_000)
  expect(nonces.every(isNonce)).toBe(true)
})

test.each([
  ['an empty string', ''],
  ['no nonce', '1-0'],
  ['a leading zero', '01-0-abcdefgh'],
  ['a leading zero of the sequence', '1-00-abcdefgh'],
  ['a number beyond 64 bits', '18446744073709551616-0-abcdefgh'],
  ['a short nonce', '1-0-abcdefg'],
  ['a long nonce', '1-0-abcdefghi'],
  ['a line break', '1-0-abcdefgh\n'],
  ['the special ids', '$'],
])('%s is not a cursor', (_, cursor) => {
  expect(parseCursor(cursor)).toBeUndefined()
})

test.each([
  ['0-1', '0-2', true],
  ['0-2', '0-2', false],
  ['9-9', '10-0', true],
  ['10-0', '9-9', false],
  ['5-9', '5-10', true],
  ['9-0', `${max}-0`, true],
])('%s is before %s: %s', (a, b, before) => {
  expect(isBefore(a, b)).toBe(before)
})

test('msOf() returns the milliseconds of an id', () => {
  expect(msOf('1795178105225-12')).toBe(1_795_178_105_225)
})

test.each(['', 'abcdefg', 'abcdefghi', 'abcdefg!', 'abcdefgh\n'])('%p is no nonce', (text) => {
  expect(isNonce(text)).toBe(false)
})

test('an id that occurs twice gives two positions', () => {
  const position = { id: '1-0', nonce: 'abcdefgh' }
  expect(isSamePosition({ ...position }, position)).toBe(true)
  expect(isSamePosition({ ...position, nonce: 'ABCDEFGH' }, position)).toBe(false)
  expect(isSamePosition({ ...position, id: '1-1' }, position)).toBe(false)
  expect(isSamePosition(undefined, position)).toBe(false)
})
