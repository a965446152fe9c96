import { chooseCoding } from '../../wire/accept-encoding.ts'
import { crc32Shift, joinCrc32 } from '../../wire/crc32.ts'
import { EMPTY_COMMENT } from '../../wire/encode.ts'
import { checksum } from './checksum.ts'
import type { ResolvedCompression, StreamCoding } from './compression-options.ts'
import type { ContentCoding } from './content-coding.ts'
import { gzip } from './gzip.ts'
import { type Passage, SharedText } from './shared-text.ts'
import { zstd } from './zstd.ts'

const CODINGS: Record<StreamCoding, ContentCoding> = { gzip, zstd }

/** What a stream in mode `own` holds of its text, at most twice as much. */
const OWN_WINDOW = 16_384
/** After so many keep-alives in a row what came before them is given up: streams that fell silent would differ for ever. */
const MAX_COMMENTS = 16

/** The coder of a response, and the name of its coding; undefined when its client gets plain text. */
export function chooseCoder(
  accepted: string | undefined,
  compression: ResolvedCompression,
): { name: StreamCoding; coder: ResponseCoder } | undefined {
  const name = chooseCoding(accepted, compression.encodings)
  return name && { name, coder: new ResponseCoder(CODINGS[name], compression) }
}

/**
 * The text of one response becomes bytes, of one character each. It holds where the stream is in a text that it shares
 * with others, and no compressor: one would take a quarter of a megabyte for each stream.
 */
export class ResponseCoder {
  readonly #coding: ContentCoding
  readonly #minBytes: number
  /** Mode `own`: the text of this stream, which it shares with nobody. */
  readonly #own: SharedText | undefined
  /** Checksum and length of what was sent before `#counted`. */
  #crc = 0
  #length = 0
  #begun = false
  /** The text of which it was sent the bytes from `#since` up to `#at`, then so many comments, then nothing. */
  #source: SharedText | undefined
  #since = 0
  #at = 0
  #comments = 0
  /** From there on `#crc` has nothing yet, and what the checksums of the source are there and at `#at`. */
  #counted = 0
  #crcCounted = 0
  #crcAt = 0

  constructor(coding: ContentCoding, { mode, minBytes }: ResolvedCompression) {
    this.#coding = coding
    this.#minBytes = minBytes
    if (mode === 'own') this.#own = new SharedText(0, OWN_WINDOW, 0)
  }

  /** Whether passages of others are of use to it. */
  get shares(): boolean {
    return this.#own === undefined
  }

  /** Text that this stream alone is sent. It is not compressed, and no dictionary has it: it may be a secret. */
  encode(text: string): string {
    if (text === '') return ''
    if (this.#own !== undefined) return this.#encodeOwn(this.#own, text)
    this.#count()
    // The same for all streams.
    if (text === EMPTY_COMMENT && this.#comments < MAX_COMMENTS) this.#comments++
    else this.#source = undefined
    const bytes = Buffer.from(text)
    this.#join(checksum(bytes), bytes.length)
    return this.#header() + this.#coding.stored(bytes.toString('latin1'))
  }

  /** Text that others get as well. */
  encodePassage(passage: Passage): string {
    const { source, from, to } = passage
    if (this.#source !== source || this.#at !== from) {
      this.#count()
      this.#source = source
      this.#since = from
      this.#comments = 0
      this.#counted = from
      this.#crcCounted = passage.crcBefore
    }
    const wire = source.piece(passage, this.#since, this.#comments, this.#coding, this.#minBytes)
    if (this.#comments > 0) this.#since = from
    this.#comments = 0
    this.#at = to
    this.#crcAt = passage.crcAfter
    return this.#header() + wire
  }

  /** Nothing follows: what ends the response. */
  end(): string {
    this.#count()
    return this.#header() + this.#coding.end(this.#crc, this.#length)
  }

  #encodeOwn(own: SharedText, text: string): string {
    const position = this.#at
    own.add(position, text)
    return this.encodePassage(own.passage(position, position + 1, text) as Passage)
  }

  /** Once for all passages in a row: for each of them it would be the larger part of what the stream costs. */
  #count(): void {
    const length = this.#at - this.#counted
    if (length === 0) return
    this.#join(joinCrc32(this.#crcCounted, this.#crcAt, crc32Shift(length)), length)
    this.#counted = this.#at
    this.#crcCounted = this.#crcAt
  }

  #join(crc: number, length: number): void {
    this.#crc = joinCrc32(this.#crc, crc, crc32Shift(length))
    this.#length += length
  }

  #header(): string {
    if (this.#begun) return ''
    this.#begun = true
    return this.#coding.header
  }
}
