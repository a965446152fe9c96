import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { crc32, crc32Shift, joinCrc32 } from '../../src/wire/crc32.ts'

/** Computed by zlib: the trailer of a gzip member begins with it. */
const zlibs = (bytes: Buffer) => gzipSync(bytes).readUInt32LE(gzipSync(bytes).length - 8)

test.each([0, 1, 2, 255, 256, 65_535, 65_536, 200_000])(
  "the checksum of %d bytes equals zlib's",
  (length) => {
    const bytes = randomBytes(length)
    expect(crc32(bytes)).toBe(zlibs(bytes))
  },
)

test.each([0, 1, 3, 8, 1_000, 65_536, 70_001])(
  'combines the checksums of two texts, the second of %d bytes',
  (length) => {
    const [first, second] = [randomBytes(500), randomBytes(length)]
    expect(joinCrc32(crc32(first), crc32(second), crc32Shift(length))).toBe(
      zlibs(Buffer.concat([first, second])),
    )
  },
)

test('combines checksums over as many bytes as a stream sends in weeks', () => {
  const [half, whole] = [crc32Shift(2 ** 36), crc32Shift(2 ** 37)]
  expect(joinCrc32(joinCrc32(77, 0, half), 0, half)).toBe(joinCrc32(77, 0, whole))
})
