/**
 * The event stream grammar. No other file knows it.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
import { SseError, type SseErrorCode } from '../errors.ts'
import { describe, isPromise, tagOf } from './describe.ts'
import type { ParsedEvent } from './event-stream-parser.ts'
import type { ServerSentEvent } from './server-sent-event.ts'

/** Converts data that is not a string to text. */
export type Serialize = (data: unknown) => string

/** A comment without text. It opens a stream and keeps an idle one alive. */
export const EMPTY_COMMENT = ':\n\n'

/** "If the field value consists of only ASCII digits": browsers overflow or give up above 2^31 - 1. */
export const MAX_RETRY = 2_147_483_647
const MAX_ID_LENGTH = 256

/** The standard's three line ends and no others: U+2028 and U+0085 stay inside a line. */
const LINE_END = /\r\n|\r|\n/
const BREAKS_A_FIELD = /[\0\r\n]/
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/
/** Line ends for many clients in other languages (Python's splitlines), although not in the standard. */
const FOREIGN_LINE_END = /[\u0085\u2028\u2029]/g

/**
 * Encodes one event as the bytes (here: characters) of an event stream. Pure.
 *
 * A string is an event with that data. `{ retry }` alone becomes one line without a blank line after it: it takes
 * effect without one, and a blank line makes some clients dispatch an empty event.
 *
 * @param serialize - for data that is not a string; default {@link serializeJson}
 * @throws {@link SseError} if the event cannot be sent exactly as given; nothing is ever stripped or replaced
 */
export function encodeEvent(event: ServerSentEvent | string, serialize: Serialize = serializeJson): string {
  if (typeof event === 'string') return dataAndEnd(event)
  if (typeof event !== 'object' || event === null) {
    throw refuse('EVENT', 'An event must be a string or an object such as { data: value }', event)
  }
  const { event: name, data, id, retry, comment } = event
  const head =
    (comment === undefined ? '' : commentLines(comment)) +
    (name === undefined || name === '' ? '' : `event: ${checkName(name)}\n`) +
    (id === undefined ? '' : `id: ${checkId(id)}\n`) +
    (retry === undefined ? '' : `retry: ${checkRetry(retry)}\n`)
  if (data !== undefined) return head + dataAndEnd(dataText(data, serialize))
  if (head === '' || name !== undefined || id !== undefined) {
    throw new SseError(
      'ERR_SSE_INVALID_EVENT',
      `A client ignores an event without data: add data ('' is enough), or wrap a value as { data: value }; got ${describe(event)}.`,
    )
  }
  return comment === undefined ? head : `${head}\n`
}

/**
 * Encodes a comment: "lines that start with a U+003A COLON are ignored". Each line of `text` is prefixed.
 *
 * @throws {@link SseError} ERR_SSE_INVALID_COMMENT if it is not a string
 */
export function encodeComment(text = ''): string {
  return text === '' ? EMPTY_COMMENT : `${commentLines(text)}\n`
}

/**
 * The last text of a stream whose client must reconnect in `retry` ms. The standard does not require the blank line,
 * but undici's EventSource waits for it.
 */
export function encodeFarewell(retry: number): string {
  return encodeEvent({ comment: '', retry })
}

/**
 * Encodes an event that was read from another event stream unchanged, even with an id that {@link encodeEvent} refuses:
 * its fields were read from lines, so none of them contains a line end.
 */
export function encodeParsed({ event, data, id, retry }: ParsedEvent): string {
  if (retry !== undefined) return field('retry', String(retry))
  const head = (event === undefined ? '' : field('event', event)) + (id === undefined ? '' : field('id', id))
  return head + (data === undefined ? '\n' : dataAndEnd(data))
}

/**
 * Adds an id to the text of an event that has none. A `retry` alone stays as it is: it is no event, and an id line
 * before it would belong to the next event.
 */
export function withId(text: string, id: string): string {
  return text.endsWith('\n\n') ? `id: ${id}\n${text}` : text
}

/** JSON with the line ends of other languages escaped, so that naive clients do not split a line. */
export function serializeJson(data: unknown): string {
  const json = JSON.stringify(data) as string | undefined
  if (json === undefined) throw refuse('DATA', 'JSON cannot represent this data', data)
  // A Promise, Map or Set becomes {}, whatever it holds. Searching all data for one would take longer than the JSON
  // itself, so only such a result is searched.
  if (json.includes('{}')) JSON.stringify(data, refuseLostContent)
  return json.replace(FOREIGN_LINE_END, escapeCharacter)
}

/** The advice for each kind of value that JSON turns into `{}`. */
const LOST_CONTENT: Readonly<Record<string, string>> = {
  Promise: 'Await it first',
  Map: 'Send Object.fromEntries(map) or [...map]',
  Set: 'Send [...set]',
}

function refuseLostContent(key: string, value: unknown): unknown {
  const kind = isPromise(value) ? 'Promise' : tagOf(value)
  const instead = LOST_CONTENT[kind]
  if (instead === undefined) return value
  const where = key === '' ? `is a ${kind}` : `has a ${kind} in ${JSON.stringify(key)}`
  throw new SseError(
    'ERR_SSE_INVALID_DATA',
    `The data ${where}, which JSON turns into {}. ${instead}, or set the option serialize.`,
  )
}

/** "A single U+0020 SPACE after the colon is removed": writing one keeps a value's own leading space. */
function field(name: string, value: string): string {
  if (isOneLine(value)) return `${name}: ${value}\n`
  return `${name}: ${value.split(LINE_END).join(`\n${name}: `)}\n`
}

/** The data of an event and the blank line that ends it. Each piece that a text is joined from costs time for every event. */
function dataAndEnd(data: string): string {
  return isOneLine(data) ? `data: ${data}\n\n` : `${field('data', data)}\n`
}

/** Most data is one line, and searching for a line end is far cheaper than splitting. */
function isOneLine(value: string): boolean {
  return !value.includes('\n') && !value.includes('\r')
}

function commentLines(text: string): string {
  if (typeof text !== 'string') throw refuse('COMMENT', 'A comment must be a string', text)
  return text === '' ? ':\n' : field('', text)
}

/** The text of an event's data. @throws {@link SseError} ERR_SSE_INVALID_DATA if it has none */
export function dataText(data: unknown, serialize: Serialize): string {
  if (typeof data === 'string') return data
  let text: unknown
  try {
    text = serialize(data)
  } catch (cause) {
    if (cause instanceof SseError) throw cause
    const why = cause instanceof Error ? cause.message : 'see the cause'
    throw new SseError(
      'ERR_SSE_INVALID_DATA',
      `This data cannot be serialized: ${why}. Convert it first, or set the option serialize.`,
      { cause },
    )
  }
  if (typeof text !== 'string') throw refuse('DATA', 'The option serialize must return a string', text)
  return text
}

function checkName(name: string): string {
  if (typeof name === 'string' && !BREAKS_A_FIELD.test(name)) return name
  throw refuse('EVENT_NAME', 'An event name must be a string without CR, LF or NUL', name)
}

function checkId(id: string | number): string {
  if (Number.isSafeInteger(id)) return String(id)
  // An id must come back unchanged in a request header. There, control characters are answered with 400 and blanks at
  // the ends are cut off; Node's EventSource clients stop permanently at a character above U+00FF.
  if (typeof id === 'string' && id.length <= MAX_ID_LENGTH && PRINTABLE_ASCII.test(id) && id === id.trim())
    return id
  throw refuse(
    'ID',
    `An id must be a safe integer, or printable ASCII of at most ${MAX_ID_LENGTH} characters without a blank at either end`,
    id,
  )
}

function checkRetry(retry: number): number {
  if (Number.isInteger(retry) && retry >= 0 && retry <= MAX_RETRY) return retry
  throw refuse('RETRY', `A retry must be an integer from 0 to ${MAX_RETRY} (milliseconds)`, retry)
}

type Refusal = SseErrorCode extends infer C
  ? C extends `ERR_SSE_INVALID_${infer What}`
    ? What
    : never
  : never

function refuse(what: Refusal, rule: string, value: unknown): SseError {
  return new SseError(`ERR_SSE_INVALID_${what}`, `${rule}; got ${describe(value)}.`)
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** Whether encoded text holds an event, not only comments and a `retry`. */
export function holdsEvent(text: string): boolean {
  return /^data:/m.test(text)
}
