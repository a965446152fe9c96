import { chooseCoding } from '../../src/wire/accept-encoding.ts'

test.each([
  ['gzip, deflate, br, zstd', 'zstd'],
  ['gzip, deflate', 'gzip'],
  ['GZIP', 'gzip'],
  ['gzip;q=0.5, zstd;q=0', 'gzip'],
  ['gzip ; q=0', undefined],
  ['gzip;q=0.000, *', 'zstd'],
  ['*', 'zstd'],
  ['*;q=0', undefined],
  ['identity', undefined],
  ['deflate, br', undefined],
  ['x-gzip', undefined],
  ['', undefined],
  [undefined, undefined],
  ['gzip;q=nonsense', undefined],
])('%j gets %j', (accepted, coding) => {
  expect(chooseCoding(accepted, ['zstd', 'gzip'])).toBe(coding)
})

test("the server's order of the codings applies, not the client's", () => {
  expect(chooseCoding('gzip;q=0.1, zstd', ['gzip', 'zstd'])).toBe('gzip')
})
