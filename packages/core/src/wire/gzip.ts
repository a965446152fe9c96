/**
 * The parts of a gzip member around its deflated blocks (RFC 1951, RFC 1952), as strings with one character per byte.
 * Pure.
 */

/** No name, no time, no system: the same for every response. */
export const GZIP_HEADER = '\x1f\x8b\x08\0\0\0\0\0\0\xff'

/** "stored" blocks: the bytes uncompressed. They refer to no earlier bytes, and no later block refers to them. */
export function storedBlocks(bytes: string): string {
  let blocks = ''
  for (let at = 0; at < bytes.length; at += 65_535) {
    const piece = bytes.slice(at, at + 65_535)
    blocks += `\0${littleEndian(piece.length, 2)}${littleEndian(~piece.length, 2)}${piece}`
  }
  return blocks
}

/** The last block, which is empty, and the trailer. */
export function gzipEnd(crc: number, length: number): string {
  return `\x03\0${littleEndian(crc, 4)}${littleEndian(length, 4)}`
}

export function littleEndian(value: number, bytes: number): string {
  let text = ''
  for (let index = 0; index < bytes; index++) text += String.fromCharCode((value >>> (8 * index)) & 0xff)
  return text
}
