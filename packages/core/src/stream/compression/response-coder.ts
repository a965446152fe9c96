import { chooseCoding } from '../../wire/accept-encoding.ts'
import { crc32Shift, joinCrc32 } from '../../wire/crc32.ts'
import { EMPTY_COMMENT } from '../../wire/encode.ts'
import { checksum } from './checksum.ts'
import type { ResolvedCompression, StreamCoding } from './compression-options.ts'
import type { ContentCoding } from './content-coding.ts'
import { gzip } from './gzip.ts'
import { type Boundary, type Passage, SharedText } from './shared-text.ts'
import { zstd } from './zstd.ts'

const CODINGS: Record<StreamCoding, ContentCoding> = { gzip, zstd }

/** How many bytes of its text a stream in mode `own` holds; at most twice as many. */
const OWN_WINDOW = 16_384
/**
 * After this many keep-alives in a row the text before them is no longer referred to. Otherwise streams that became
 * idle at different times would never share a dictionary again.
 */
const MAX_COMMENTS = 16

/** The coder of a response and the name of its coding; undefined if its client receives plain text. */
export function chooseCoder(
  accepted: string | undefined,
  compression: ResolvedCompression,
): { name: StreamCoding; coder: ResponseCoder } | undefined {
  const name = chooseCoding(accepted, compression.encodings)
  return name && { name, coder: new ResponseCoder(CODINGS[name], compression) }
}

/**
 * Encodes the text of one response as bytes, one character each. It stores the position of the stream in a text that
 * many streams share. It holds no compressor, which would take a quarter of a megabyte per stream.
 */
export class ResponseCoder {
  readonly #coding: ContentCoding
  readonly #minBytes: number
  /** Mode `own`: the text of this stream alone. */
  readonly #own: SharedText | undefined
  /** Checksum and length of what was sent before `#counted`. */
  #crc = 0
  #length = 0
  #begun = false
  #ended = false
  /**
   * A boundary in the shared text. The stream was sent its bytes from `#since` to there, then this many comments, and
   * nothing after them.
   */
  #at: Boundary | undefined
  #since = 0
  #comments = 0
  /** The boundary up to which `#crc` is complete. */
  #counted: Boundary | undefined

  constructor(coding: ContentCoding, { mode, minBytes }: ResolvedCompression) {
    this.#coding = coding
    this.#minBytes = minBytes
    if (mode === 'own') this.#own = new SharedText(0, OWN_WINDOW, 0)
  }

  /** Whether it can use passages that are shared with other streams. */
  get shares(): boolean {
    return this.#own === undefined
  }

  /**
   * Encodes text that only this stream receives. It may be a secret, so it is not compressed and is in no dictionary.
   */
  encode(text: string): string {
    if (text === '') return ''
    if (this.#own !== undefined) return this.#encodeOwn(this.#own, text)
    this.#count()
    // The keep-alive is the same for all streams.
    if (text === EMPTY_COMMENT && this.#comments < MAX_COMMENTS) this.#comments++
    else this.#at = undefined
    const bytes = Buffer.from(text)
    this.#join(checksum(bytes), bytes.length)
    return this.#header() + this.#coding.stored(bytes.toString('latin1'))
  }

  /** Encodes text that other streams receive as well. */
  encodePassage(passage: Passage): string {
    const { from, to } = passage
    if (this.#at !== from) {
      this.#count()
      this.#since = from.at
      this.#comments = 0
      this.#counted = from
    }
    const wire = from.source.piece(passage, this.#since, this.#comments, this.#coding, this.#minBytes)
    if (this.#comments > 0) this.#since = from.at
    this.#comments = 0
    this.#at = to
    return this.#header() + wire
  }

  /** The end of the response; '' the second time. */
  end(): string {
    if (this.#ended) return ''
    this.#ended = true
    this.#count()
    return this.#header() + this.#coding.end(this.#crc, this.#length)
  }

  #encodeOwn(own: SharedText, text: string): string {
    const position = this.#at?.at ?? 0
    own.add(position, text)
    return this.encodePassage(own.passage(position, position + 1, text) as Passage)
  }

  /**
   * Adds the checksum of all passages in a row at once. Doing it for each passage would be most of the cost of a
   * stream.
   */
  #count(): void {
    const [from, to] = [this.#counted, this.#at]
    if (from === undefined || to === undefined || from === to) return
    const length = to.at - from.at
    this.#join(joinCrc32(from.crc, to.crc, crc32Shift(length)), length)
    this.#counted = to
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
