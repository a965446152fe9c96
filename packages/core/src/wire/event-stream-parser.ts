import { SseError } from '../errors.ts'

/** The fields of one block of an event stream. A field that the block does not have is absent. */
export interface ParsedEvent {
  event?: string
  /** Absent: the client receives no event, but its last event ID or its reconnection time changes. */
  data?: string
  id?: string
  retry?: number
}

const CR = '\r'
const LF = '\n'
const BOM = '\ufeff'
const DIGITS = /^\d+$/

/**
 * Parses an event stream from chunks, which may be cut anywhere.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export class EventStreamParser {
  readonly #maxEventBytes: number
  #decoder: InstanceType<typeof TextDecoder> | undefined
  #atStart = true
  /** The last line ended in CR. An LF that comes next belongs to that line end. */
  #afterCR = false
  /** The beginning of an unfinished line. */
  #line = ''
  /** UTF-8 bytes of this event's lines: all of them, and the finished ones alone. */
  #bytes = 0
  #finishedBytes = 0
  #event = ''
  #data: string | undefined
  #id: string | undefined

  constructor(maxEventBytes: number) {
    this.#maxEventBytes = maxEventBytes
  }

  /**
   * The events that are complete with this chunk. An unfinished event is kept; at the end of the stream it is dropped:
   * "any pending data must be discarded".
   *
   * @throws {@link SseError} ERR_SSE_EVENT_TOO_LARGE
   */
  push(chunk: Uint8Array | string): ParsedEvent[] {
    const events: ParsedEvent[] = []
    let text = this.#decode(chunk)
    if (text === '') return events
    // "One leading U+FEFF BYTE ORDER MARK character must be ignored if any are present."
    if (this.#atStart && text[0] === BOM) text = text.slice(1)
    this.#atStart = false
    let from = this.#afterCR && text[0] === LF ? 1 : 0
    if (text !== '') this.#afterCR = false
    // Search for CR and LF separately, each only once per occurrence: a stream often has none of one of them.
    let cr = text.indexOf(CR, from)
    let lf = text.indexOf(LF, from)
    for (;;) {
      if (cr !== -1 && cr < from) cr = text.indexOf(CR, from)
      if (lf !== -1 && lf < from) lf = text.indexOf(LF, from)
      const end = cr === -1 || (lf !== -1 && lf < cr) ? lf : cr
      if (end === -1) break
      this.#count(text, from, end)
      const line = this.#line + text.slice(from, end)
      this.#line = ''
      this.#readLine(line, events)
      from = end + 1
      if (end !== cr) continue
      if (from === text.length) this.#afterCR = true
      else if (text[from] === LF) from++
    }
    this.#count(text, from, text.length)
    this.#line += text.slice(from)
    return events
  }

  #decode(chunk: Uint8Array | string): string {
    if (typeof chunk !== 'string') {
      this.#decoder ??= new TextDecoder('utf-8', { ignoreBOM: true })
      return this.#decoder.decode(chunk, { stream: true })
    }
    return this.#decoder === undefined ? chunk : this.#decoder.decode() + chunk
  }

  #readLine(line: string, events: ParsedEvent[]): void {
    if (line === '') {
      this.#dispatch(events)
      return
    }
    const colon = line.indexOf(':')
    const name = colon === -1 ? line : line.slice(0, colon)
    // "If value starts with a U+0020 SPACE character, remove it from value."
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    switch (name) {
      case 'data':
        this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`
        break
      case 'event':
        this.#event = value
        break
      case 'id':
        // "If the field value does not contain U+0000 NULL": otherwise "ignore the field".
        if (!value.includes('\0')) this.#id = value
        break
      case 'retry':
        // A `retry` takes effect with its line and not with its event.
        if (DIGITS.test(value)) events.push({ retry: Math.min(Number(value), Number.MAX_SAFE_INTEGER) })
        this.#bytes = this.#finishedBytes
        break
      default:
        // A comment or an unknown field. A stream may have any number of them without a blank line, so they do not
        // count against the limit.
        this.#bytes = this.#finishedBytes
    }
    this.#finishedBytes = this.#bytes
  }

  #dispatch(events: ParsedEvent[]): void {
    if (this.#data !== undefined) {
      const event: ParsedEvent = { data: this.#data }
      if (this.#event !== '') event.event = this.#event
      if (this.#id !== undefined) event.id = this.#id
      events.push(event)
    } else if (this.#id !== undefined) {
      // The last event ID is set before "if the data buffer is an empty string ... return".
      events.push({ id: this.#id })
    }
    this.#event = ''
    this.#data = undefined
    this.#id = undefined
    this.#bytes = 0
    this.#finishedBytes = 0
  }

  #count(text: string, from: number, to: number): void {
    this.#bytes += utf8Bytes(text, from, to)
    if (this.#bytes <= this.#maxEventBytes) return
    throw new SseError(
      'ERR_SSE_EVENT_TOO_LARGE',
      `An event of the stream is larger than ${this.#maxEventBytes} bytes. If events may be that large, raise maxEventBytes.`,
    )
  }
}

function utf8Bytes(text: string, from: number, to: number): number {
  let bytes = to - from
  for (let at = from; at < to; at++) {
    const unit = text.charCodeAt(at)
    if (unit < 0x80) continue
    // A surrogate pair is four bytes, two for each half.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 1 : 2
  }
  return bytes
}
