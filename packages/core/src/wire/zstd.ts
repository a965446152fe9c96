/**
 * Blocks of Zstandard (RFC 8878) that refer only to bytes. Each of them can be decoded after any other blocks, if the
 * bytes before it are those that it was made for. A real compressor's blocks also refer to the tables and offsets of
 * the previous block, so each connection would need a compressor of its own. Bytes are strings with one character per
 * byte. Pure.
 */
import { littleEndian } from './gzip.ts'
import { findMatches, latin1 } from './zstd-matches.ts'
import { sequencesSection } from './zstd-sequences.ts'

/** Magic number; no content size, no checksum; a window of 128 KiB. */
export const ZSTD_HEADER = '\x28\xb5\x2f\xfd\0\x38'
/** An empty last block. */
export const ZSTD_END = '\x01\0\0'

const WINDOW = 131_072
/** The maximum size of a raw block. A compressed block may hold a whole window. */
const MAX_BLOCK = 65_536
const RAW = 0
const COMPRESSED = 2

export function rawBlocks(bytes: string): string {
  let blocks = ''
  for (let at = 0; at < bytes.length; at += MAX_BLOCK) {
    const piece = bytes.slice(at, at + MAX_BLOCK)
    blocks += blockHeader(RAW, piece.length) + piece
  }
  return blocks
}

/**
 * Compresses one block. Bytes that exceed a window together with their dictionary are left uncompressed.
 *
 * @param dictionary - the bytes right before these
 */
export function compressedBlock(bytes: Uint8Array, dictionary: Uint8Array): string {
  if (dictionary.length + bytes.length > WINDOW) return rawBlocks(latin1(bytes))
  const all = new Uint8Array(dictionary.length + bytes.length)
  all.set(dictionary)
  all.set(bytes, dictionary.length)
  const { literals, sequences } = findMatches(all, dictionary.length)
  if (sequences.length === 0) return rawBlocks(latin1(bytes))
  const content = literalsSection(literals) + sequencesSection(sequences)
  return blockHeader(COMPRESSED, content.length) + content
}

function blockHeader(type: number, size: number): string {
  return littleEndian((type << 1) | (size << 3), 3)
}

/** Literals are left uncompressed: there are few of them where matches were found. */
function literalsSection(literals: string): string {
  const { length } = literals
  if (length < 32) return String.fromCharCode(length << 3) + literals
  if (length < 4_096) return littleEndian((1 << 2) | (length << 4), 2) + literals
  return littleEndian((3 << 2) | (length << 4), 3) + literals
}
