/**
 * Encodes the sequences of a Zstandard block as bits, with the predefined tables of the standard (RFC 8878, 3.1.1.3.2).
 * Pure.
 */
import { littleEndian } from './gzip.ts'
import type { Sequence } from './zstd-matches.ts'

export function sequencesSection(sequences: readonly Sequence[]): string {
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
  // In reverse order, because a decoder reads them from the end.
  for (let index = count - 1; index >= 0; index--) {
    const { literals, length, offset } = sequences[index] as Sequence
    // The previous offset has a short code, but only after literals. The first sequence must not use it, because it
    // would refer to another block.
    const isSame = literals > 0 && sequences[index - 1]?.offset === offset
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
  // All three codes use the predefined tables.
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

/** RFC 8878, 4.1.1: how the states are distributed over the symbols, and the reverse. */
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
