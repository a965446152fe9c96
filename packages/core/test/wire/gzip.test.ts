import { gunzipSync } from 'node:zlib'
import { crc32 } from '../../src/wire/crc32.ts'
import { GZIP_HEADER, gzipEnd, storedBlocks } from '../../src/wire/gzip.ts'

test.each([0, 1, 65_535, 65_536, 150_000])('zlib can read a member of %d stored bytes', (length) => {
  const bytes = 'ab\xffc'.repeat(length).slice(0, length)
  const end = gzipEnd(crc32(Buffer.from(bytes, 'latin1')), length)
  const member = Buffer.from(GZIP_HEADER + storedBlocks(bytes) + end, 'latin1')
  expect(gunzipSync(member).toString('latin1')).toBe(bytes)
})

// A stream that runs for weeks: the format counts the bytes modulo 2^32.
test('a member may have more than 4 GiB', () => {
  expect(gzipEnd(7, 2 ** 32 + 5)).toBe(gzipEnd(7, 5))
})
