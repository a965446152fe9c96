import { crc32Shift, joinCrc32 } from '../../wire/crc32.ts'
import { EMPTY_COMMENT } from '../../wire/encode.ts'
import { checksum } from './checksum.ts'
import { compressed } from './compressed.ts'
import type { ContentCoding } from './content-coding.ts'

/** How many bytes back deflate can refer. */
const MAX_WINDOW = 32_768
/** A larger window finds little more in small events, and each compression reads the whole dictionary. */
const MIN_WINDOW = 8_192
/** How many bytes are held: the window, plus what a stream is handed at once. */
const HELD = MAX_WINDOW + 65_536
/** How many times as old as the next but one a joint must be. Closer ones are removed, so there are few. */
const AGE_RATIO = 4
/** How many pieces are cached: streams at the same position are written one after the other. */
const MAX_CACHED = 8

/** A boundary between entries, or the end of the text. All streams at this position share one object. */
export interface Boundary {
  readonly source: SharedText
  /** How many bytes of the text come before it. */
  readonly at: number
  /** Checksum of these bytes. */
  readonly crc: number
}

/** One or more whole events. */
interface Entry {
  /** The entry's position as its owner counts. Each is higher than the last. */
  readonly position: number
  readonly start: Boundary
  readonly text: string
}

/** A part of a {@link SharedText} that consists of whole entries. */
export interface Passage {
  readonly from: Boundary
  readonly to: Boundary
  /** Where the dictionary starts for all streams that have received the text from there on, whenever they joined. */
  readonly window: number
  readonly text: string
}

interface CachedPiece {
  readonly piece: string
  readonly from: Boundary
  readonly to: Boundary
  readonly start: number
  readonly comments: number
  readonly coding: ContentCoding
  readonly minBytes: number
}

/**
 * A text that many streams receive. Its end is held, as far back as a compressor can refer. Each stream has received
 * all of it since some position, so a passage is compressed once for all streams that have received enough, and a few
 * more times for those that joined lately.
 */
export class SharedText {
  readonly #held: number
  readonly #maxCached: number
  /** All entries from this position on are held. */
  #first: number
  #entries: Entry[] = []
  #end: Boundary = { source: this, at: 0, crc: 0 }
  /**
   * Starts of entries, fewer of them the older they are: streams that joined between two joints share the dictionary
   * that starts at the later one.
   */
  #joints: number[] = []
  #pieces: CachedPiece[] = []

  /**
   * @param first - the position of the first entry, or any position before it
   * @param held - how many bytes of it are held; at most twice as many
   */
  constructor(first: number, held: number = HELD, maxCached: number = MAX_CACHED) {
    this.#first = first
    this.#held = held
    this.#maxCached = maxCached
  }

  /** Appends text. */
  add(position: number, text: string): void {
    const bytes = Buffer.from(text)
    const { at, crc } = this.#end
    this.#entries.push({ position, start: this.#end, text })
    this.#joints.push(at)
    this.#end = {
      source: this,
      at: at + bytes.length,
      crc: joinCrc32(crc, checksum(bytes), crc32Shift(bytes.length)),
    }
    this.#thin()
    const kept = Math.min(this.#indexOfByte(this.#end.at - this.#held), this.#entries.length - 1)
    // Do not forget each entry by itself, because that moves all others.
    if (kept > this.#entries.length / 2) this.#forget(kept)
  }

  /** The owner's text from `position` to `next`; undefined if it is no longer held. */
  passage(position: number, next: number, text: string): Passage | undefined {
    if (position < this.#first) return undefined
    const first = this.#indexOf(position)
    const end = this.#indexOf(next)
    if (first === end) return undefined
    const [from, to] = [this.#startOf(first), this.#startOf(end)]
    const length = Math.min(Math.max(2 * (to.at - from.at), MIN_WINDOW), MAX_WINDOW)
    const window = Math.min(this.#startOf(this.#indexOfByte(from.at - length)).at, from.at)
    return { from, to, window, text }
  }

  /**
   * The bytes of `passage` for a stream.
   *
   * @param since - from where on the stream has received all of the text
   * @param comments - how many keep-alive comments it has received after that
   */
  piece(passage: Passage, since: number, comments: number, coding: ContentCoding, minBytes: number): string {
    const { from, to, window } = passage
    let start = from.at
    if (to.at - from.at >= minBytes) start = window >= since ? window : this.#jointAfter(since, from.at)
    const kept = start === from.at ? 0 : comments
    for (const known of this.#pieces) {
      if (
        known.from === from &&
        known.to === to &&
        known.start === start &&
        known.comments === kept &&
        known.coding === coding &&
        known.minBytes === minBytes
      )
        return known.piece
    }
    const dictionary = start === from.at ? '' : this.#text(start, from.at) + EMPTY_COMMENT.repeat(kept)
    const piece = compressed(Buffer.from(passage.text), dictionary, coding, minBytes)
    this.#pieces.unshift({ piece, from, to, start, comments: kept, coding, minBytes })
    if (this.#pieces.length > this.#maxCached) this.#pieces.pop()
    return piece
  }

  /** The dictionary's start for streams that joined lately, so that several of them share it. */
  #jointAfter(since: number, from: number): number {
    return this.#joints.find((joint) => joint >= since && joint <= from) ?? from
  }

  #text(start: number, end: number): string {
    let text = ''
    for (let index = this.#indexOfByte(start); this.#startOf(index).at < end; index++) {
      text += this.#entries[index]?.text
    }
    return text
  }

  /** Keeps only joints of very different ages, because each of them may require a dictionary of its own. */
  #thin(): void {
    const joints = this.#joints
    const last = joints.at(-1) as number
    for (let index = 0; index + 2 < joints.length; index++) {
      const older = last - (joints[index] as number)
      const younger = last - (joints[index + 2] as number)
      if (older <= AGE_RATIO * younger) joints.splice(index + 1, 1)
    }
    while ((joints[0] as number) < last - MAX_WINDOW) joints.shift()
  }

  #forget(count: number): void {
    this.#entries.splice(0, count)
    this.#first = this.#entries[0]?.position ?? this.#first
  }

  #startOf(index: number): Boundary {
    return this.#entries[index]?.start ?? this.#end
  }

  /** Index of the first entry at `position` or later. */
  #indexOf(position: number): number {
    return search(this.#entries.length, (index) => (this.#entries[index] as Entry).position >= position)
  }

  #indexOfByte(byte: number): number {
    return search(this.#entries.length, (index) => (this.#entries[index] as Entry).start.at >= byte)
  }
}

/** The first of `length` numbers for which `is` returns true. It must return true for all later ones too. */
function search(length: number, is: (index: number) => boolean): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >> 1
    if (is(middle)) high = middle
    else low = middle + 1
  }
  return low
}
