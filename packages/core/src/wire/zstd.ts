/**
 * Blocks of Zstandard (RFC 8878) that refer to nothing but bytes: each can be decoded after any others, if the bytes
 * before it are those it was made for. A real compressor's blocks also refer to the tables and offsets of the block
 * before, so that one would have to be kept for each connection. Bytes are strings of one character a byte. Pure.
 */
import { littleEndian } from './gzip.ts'

/** Magic number; no content size, no checksum; a window of 128 KiB. */
export const ZSTD_HEADER = '\x28\xb5\x2f\xfd\0\x38'
/** An empty last block. */
export const ZSTD_END = '\x01\0\0'

const WINDOW = 131_072
/** Of a raw block; one that is compressed may hold a window. */
const MAX_BLOCK = 65_536
const RAW = 0
const COMPRESSED = 2
/** A shorter match costs as much as its bytes. */
const MIN_MATCH = 5
const HASH_BITS = 14

export function rawBlocks(bytes: string): string {
  let blocks = ''
  for (let at = 0; at < bytes.length; at += MAX_BLOCK) {
    const piece = bytes.slice(at, at + MAX_BLOCK)
    blocks += blockHeader(RAW, piece.length) + piece
  }
  return blocks
}

/**
 * What is more than a window together with its dictionary is not compressed.
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

function latin1(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 8_192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8_192))
  }
  return text
}

function blockHeader(type: number, size: number): string {
  return littleEndian((type << 1) | (size << 3), 3)
}

/** So many literals, then what was `offset` bytes before them, `length` bytes of it. */
interface Sequence {
  readonly literals: number
  readonly length: number
  readonly offset: number
}

const table = new Int32Array(1 << HASH_BITS)

function hashAt(bytes: Uint8Array, at: number): number {
  const four =
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  return Math.imul(four ^ Math.imul(bytes[at + 4] as number, 0x85ebca6b), 0x9e3779b1) >>> (32 - HASH_BITS)
}

/** Where the bytes from `start` on have been before. */
function findMatches(bytes: Uint8Array, start: number): { literals: string; sequences: Sequence[] } {
  const end = bytes.length
  const sequences: Sequence[] = []
  let literals = ''
  let pending = start
  let rep = 0
  // Positions are kept one too large, so that 0 is none.
  table.fill(0)
  for (let at = 0; at < start && at + MIN_MATCH <= end; at++) table[hashAt(bytes, at)] = at + 1
  const lengthOf = (at: number, from: number) => {
    let length = 0
    while (at + length < end && bytes[at + length] === bytes[from + length]) length++
    return length
  }
  for (let at = start; at + MIN_MATCH <= end; ) {
    const hash = hashAt(bytes, at)
    let from = (table[hash] as number) - 1
    table[hash] = at + 1
    let length = from < 0 ? 0 : lengthOf(at, from)
    if (rep > 0 && at > pending) {
      const again = lengthOf(at, at - rep)
      if (again >= MIN_MATCH - 1 && again + 2 >= length) {
        from = at - rep
        length = again
      }
    }
    if (length < MIN_MATCH - 1 || (length < MIN_MATCH && at - from !== rep)) {
      at++
      continue
    }
    while (at > pending && from > 0 && bytes[at - 1] === bytes[from - 1]) {
      at--
      from--
      length++
    }
    const offset = at - from
    sequences.push({ literals: at - pending, length, offset })
    literals += latin1(bytes.subarray(pending, at))
    rep = offset
    for (let next = at + 1; next < at + length && next + MIN_MATCH <= end; next++) {
      table[hashAt(bytes, next)] = next + 1
    }
    at += length
    pending = at
  }
  return { literals: literals + latin1(bytes.subarray(pending)), sequences }
}

/** As they are: there are few where something was found. */
function literalsSection(literals: string): string {
  const { length } = literals
  if (length < 32) return String.fromCharCode(length << 3) + literals
  if (length < 4_096) return littleEndian((1 << 2) | (length << 4), 2) + literals
  return littleEndian((3 << 2) | (length << 4), 3) + literals
}

function sequencesSection(sequences: readonly Sequence[]): string {
  const count = sequences.length
  const header =
    count < 128
      ? String.fromCharCode(count)
      : count < 0x7f00
        ? String.fromCharCode((count >> 8) + 128, count & 255)
        : `\xff${littleEndian(count - 0x7f00, 2)}`
  const bits = new BitWriter()
  const states = {
    literals: new FseState(LITERALS),
    match: new FseState(MATCHES),
    offset: new FseState(OFFSETS),
  }
  // Backwards, as they are read from the end.
  for (let index = count - 1; index >= 0; index--) {
    const { literals, length, offset } = sequences[index] as Sequence
    // The last offset has a name of its own, but only after literals; a first one may not refer to other blocks.
    const isSame = index > 0 && literals > 0 && sequences[index - 1]?.offset === offset
    const value = isSame ? 1 : offset + 3
    const literalsCode = codeOf(LITERALS.bases, literals)
    const matchCode = codeOf(MATCHES.bases, length)
    const offsetCode = 31 - Math.clz32(value)
    if (index === count - 1) {
      states.match.begin(matchCode)
      states.offset.begin(offsetCode)
      states.literals.begin(literalsCode)
    } else {
      states.offset.encode(offsetCode, bits)
      states.match.encode(matchCode, bits)
      states.literals.encode(literalsCode, bits)
    }
    bits.add(literals - (LITERALS.bases[literalsCode] as number), LITERALS.bits[literalsCode] as number)
    bits.add(length - (MATCHES.bases[matchCode] as number), MATCHES.bits[matchCode] as number)
    bits.add(value - (1 << offsetCode), offsetCode)
  }
  states.match.flush(bits)
  states.offset.flush(bits)
  states.literals.flush(bits)
  // All three by the tables of the standard.
  return `${header}\0${bits.end()}`
}

class BitWriter {
  #text = ''
  #bits = 0
  #count = 0

  add(value: number, count: number): void {
    this.#bits |= value << this.#count
    this.#count += count
    while (this.#count >= 8) {
      this.#text += String.fromCharCode(this.#bits & 255)
      this.#bits >>>= 8
      this.#count -= 8
    }
  }

  end(): string {
    this.add(1, 1)
    if (this.#count > 0) this.#text += String.fromCharCode(this.#bits)
    return this.#text
  }
}

/** A code of the standard: its symbols' base values and extra bits, and the table that encodes them. */
interface Code {
  readonly bases: readonly number[]
  readonly bits: readonly number[]
  readonly log: number
  readonly states: Uint16Array
  readonly deltaBits: Int32Array
  readonly deltaStates: Int32Array
}

class FseState {
  readonly #code: Code
  #state = 0

  constructor(code: Code) {
    this.#code = code
  }

  begin(symbol: number): void {
    const delta = this.#code.deltaBits[symbol] as number
    const bits = (delta + (1 << 15)) >> 16
    const value = (bits << 16) - delta
    this.#state = this.#code.states[(value >> bits) + (this.#code.deltaStates[symbol] as number)] as number
  }

  encode(symbol: number, to: BitWriter): void {
    const bits = (this.#state + (this.#code.deltaBits[symbol] as number)) >> 16
    to.add(this.#state & ((1 << bits) - 1), bits)
    this.#state = this.#code.states[
      (this.#state >> bits) + (this.#code.deltaStates[symbol] as number)
    ] as number
  }

  flush(to: BitWriter): void {
    to.add(this.#state & ((1 << this.#code.log) - 1), this.#code.log)
  }
}

/** RFC 8878, 4.1.1: how the states are spread over the symbols, and back. */
function makeCode(
  log: number,
  distribution: readonly number[],
  bits: readonly number[],
  first: number,
): Code {
  const size = 1 << log
  const symbols = new Uint8Array(size)
  let high = size - 1
  for (const [symbol, weight] of distribution.entries()) if (weight === -1) symbols[high--] = symbol
  const step = (size >> 1) + (size >> 3) + 3
  let position = 0
  for (const [symbol, weight] of distribution.entries()) {
    for (let n = 0; n < weight; n++) {
      symbols[position] = symbol
      do position = (position + step) & (size - 1)
      while (position > high)
    }
  }
  const counts = distribution.map((weight) => Math.abs(weight))
  const starts: number[] = []
  for (let total = 0, symbol = 0; symbol < counts.length; total += counts[symbol++] as number)
    starts.push(total)
  const next = [...starts]
  const states = new Uint16Array(size)
  for (let state = 0; state < size; state++) {
    const symbol = symbols[state] as number
    states[next[symbol] as number] = size + state
    next[symbol] = (next[symbol] as number) + 1
  }
  const deltaBits = new Int32Array(counts.length)
  const deltaStates = new Int32Array(counts.length)
  for (const [symbol, count] of counts.entries()) {
    const most = count === 1 ? log : log - (31 - Math.clz32(count - 1))
    deltaBits[symbol] = (most << 16) - (count << most)
    deltaStates[symbol] = (starts[symbol] as number) - count
  }
  const bases: number[] = []
  for (let base = first, symbol = 0; symbol < bits.length; base += 1 << (bits[symbol++] as number))
    bases.push(base)
  return { bases, bits, log, states, deltaBits, deltaStates }
}

/** The last symbol whose base is not above `value`. */
function codeOf(bases: readonly number[], value: number): number {
  let low = 0
  let high = bases.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((bases[middle] as number) <= value) low = middle
    else high = middle - 1
  }
  return low
}

const times = (count: number, value: number): number[] => new Array(count).fill(value)

const LITERALS = makeCode(
  6,
  [4, 3, ...times(11, 2), 1, 1, 1, ...times(9, 2), 3, 2, 1, 1, 1, 1, 1, ...times(4, -1)],
  [...times(16, 0), 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
  0,
)
const MATCHES = makeCode(
  6,
  [1, 4, 3, ...times(6, 2), ...times(37, 1), ...times(7, -1)],
  [...times(32, 0), 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
  3,
)
const OFFSETS = makeCode(5, [...times(6, 1), 2, 2, 2, ...times(15, 1), ...times(5, -1)], times(29, 0), 0)
