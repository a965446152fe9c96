/** Finds earlier occurrences of some bytes, for a block of Zstandard. Pure except for a reused table. */

/** The shortest match that is used, in bytes. A shorter one costs as much as the bytes themselves. */
const MIN_MATCH = 5
const HASH_BITS = 14

/** A number of literals, then a copy of `length` bytes from `offset` bytes earlier. */
export interface Sequence {
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

/** Finds where the bytes from `start` on occurred before. */
export function findMatches(bytes: Uint8Array, start: number): { literals: string; sequences: Sequence[] } {
  const end = bytes.length
  const sequences: Sequence[] = []
  let literals = ''
  let pending = start
  let rep = 0
  // Positions are stored plus one, so that 0 means none.
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

export function latin1(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 8_192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8_192))
  }
  return text
}
