/** The checksum of a gzip member (RFC 1952, section 8), and how to combine the checksums of two texts. Pure. */

const POLYNOMIAL = 0xedb88320

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1
  return value
})

export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (let index = 0; index < bytes.length; index++) {
    crc = (crc >>> 8) ^ (TABLE[(crc ^ (bytes[index] as number)) & 0xff] as number)
  }
  return ~crc >>> 0
}

/**
 * The factor for a checksum when `length` more bytes follow: x^(8 * length). It is the same for all streams that
 * receive these bytes, and by far the larger part of the cost of {@link joinCrc32}.
 */
export function crc32Shift(length: number): number {
  let shift = -0x80000000
  for (let rest = length, power = 3; rest > 0; rest = Math.floor(rest / 2), power++) {
    if (rest % 2 === 1) shift = multiply(POWERS[power % 32] as number, shift)
  }
  return shift
}

/** The checksum of two texts in sequence. `shift` is the {@link crc32Shift} of the second one's length. */
export function joinCrc32(first: number, second: number, shift: number): number {
  return (multiply(shift, first) ^ second) >>> 0
}

/** x^(2^n). The polynomial is primitive, so x^(2^32) is x^1: they repeat after 32 of them. */
const POWERS: number[] = [0x40000000]
for (let power = 1; power < 32; power++) {
  const last = POWERS[power - 1] as number
  POWERS.push(multiply(last, last))
}

/**
 * Multiplies two polynomials over GF(2), with reversed bits, modulo the polynomial of the checksum. Uses signed
 * numbers, which are faster.
 */
function multiply(a: number, b: number): number {
  let product = 0
  let factor = b | 0
  for (let rest = a | 0; rest !== 0; rest <<= 1) {
    if (rest < 0) product ^= factor
    factor = (factor >>> 1) ^ (POLYNOMIAL & -(factor & 1))
  }
  return product
}
