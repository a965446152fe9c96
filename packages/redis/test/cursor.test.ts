import { formatCursor, idAfter, isBefore, isSamePlace, newNonce, parseCursor } from '../src/cursor.ts'

const max = '18446744073709551615'

test('a cursor names the place that it was made of', () => {
  for (const id of ['0-1', '1795178105225-0', '1795178105225-12', `${max}-${max}`]) {
    const place = { id, nonce: newNonce() }
    expect(parseCursor(formatCursor(place))).toEqual(place)
    expect(formatCursor(place)).toMatch(/^[\w.-]{1,64}$/)
  }
})

test('no two nonces are the same', () => {
  expect(new Set(Array.from({ length: 1_000 }, newNonce)).size).toBe(1_000)
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
])('%s is no cursor', (_, cursor) => {
  expect(parseCursor(cursor)).toBeUndefined()
})

test.each([
  ['0-1', '0-2', true],
  ['9-9', '10-0', true],
  ['10-0', '9-9', false],
  ['5-10', '5-9', false],
  ['5-9', '5-9', false],
  [`${max}-1`, `${max}-${max}`, true],
])('%s is before %s: %s', (a, b, before) => {
  expect(isBefore(a, b)).toBe(before)
})

test.each([
  ['0-0', '0-1'],
  ['7-9', '7-10'],
  [`7-${max}`, '8-0'],
])('the id behind %s is %s', (id, next) => {
  expect(idAfter(id)).toBe(next)
})

test('an id that is given twice names two places', () => {
  const place = { id: '1-0', nonce: 'abcdefgh' }
  expect(isSamePlace({ ...place }, place)).toBe(true)
  expect(isSamePlace({ ...place, nonce: 'ABCDEFGH' }, place)).toBe(false)
  expect(isSamePlace({ ...place, id: '1-1' }, place)).toBe(false)
  expect(isSamePlace(undefined, place)).toBe(false)
})
