import * as zlib from 'node:zlib'
import { crc32Shift, crc32 as ownCrc32 } from '../../wire/crc32.ts'
import type { ContentCoding } from './content-coding.ts'

/** Node's own, which 20.15 was the first version to have. */
const crc32 = (zlib as { crc32?: (bytes: Buffer) => number }).crc32 ?? ownCrc32

/** Text as it goes over the wire, for any number of streams. */
export interface Piece {
  /** One character a byte. */
  readonly wire: string
  /** Of the text, and how many bytes it has. */
  readonly crc: number
  readonly length: number
  /** What the checksum of all before it is multiplied by. */
  readonly shift: number
}

/** @param dictionary - what the client has had right before; '' for nothing that may be referred to */
export function encodePiece(
  text: string,
  dictionary: string,
  coding: ContentCoding,
  minBytes: number,
): Piece {
  const bytes = Buffer.from(text)
  const { length } = bytes
  let wire = coding.stored(length === text.length ? text : bytes.toString('latin1'))
  if (length >= minBytes) {
    const compressed = coding.compressed(bytes, Buffer.from(dictionary))
    if (compressed.length < wire.length) wire = compressed
  }
  return { wire, crc: crc32(bytes), length, shift: crc32Shift(length) }
}
