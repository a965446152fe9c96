import { createParser } from 'eventsource-parser'
import fc from 'fast-check'
import { encodeEvent } from '../../src/wire/encode.ts'
import { EventStreamParser } from '../../src/wire/event-stream-parser.ts'
import type { ServerSentEvent } from '../../src/wire/server-sent-event.ts'

/** Everything that separates, ends or pads something in the format, and what is difficult in UTF-8. */
const ALPHABET = ['\r', '\n', ':', ' ', 'a', '\0', '\ufeff', '\u2028', '\u0085', '😀', '\ud83d']

/** All texts of up to four of these characters: 16 105. */
const TEXTS = [1, 2, 3, 4].reduce(
  (texts) => ['', ...texts.flatMap((text) => ALPHABET.map((character) => text + character))],
  [''],
)

/** The text as the decoder of the client returns it. */
const throughBytes = (text: string) => Buffer.from(text).toString()
/** "U+000D followed by U+000A, a single U+000A, a single U+000D": between data lines the client joins with U+000A. */
const asData = (text: string) => throughBytes(text).replace(/\r\n?/g, '\n')

interface Parsed {
  events: { event?: string | undefined; data: string; id?: string | undefined }[]
  retries: number[]
}

/** What a client receives from the event in the middle of a stream. */
function parse(event: ServerSentEvent): Parsed {
  const text = encodeEvent(event)
  if (text.includes('\r')) throw new Error('CR in the output')
  const parsed: Parsed = { events: [], retries: [] }
  const parser = createParser({
    onEvent: (received) => parsed.events.push(received),
    onRetry: (retry) => parsed.retries.push(retry),
    onError: (error) => {
      throw error
    },
  })
  parser.feed(throughBytes(`:\n\n${text}data: next\n\n`))
  return parsed
}

/** The same as {@link parse}, with the parser that reads relayed streams. */
function parseOurselves(event: ServerSentEvent): Parsed {
  const items = new EventStreamParser(1_000_000).push(Buffer.from(`:\n\n${encodeEvent(event)}data: next\n\n`))
  return {
    events: items.flatMap(({ data, event, id }) => (data === undefined ? [] : [{ event, data, id }])),
    retries: items.flatMap(({ retry }) => (retry === undefined ? [] : [retry])),
  }
}

/** Returns the texts that fail: an assertion for each would take ten times as long. */
function offenders(passes: (text: string) => boolean): string[] {
  return TEXTS.filter((text) => !passes(text))
}

function isRefused(event: ServerSentEvent): boolean {
  try {
    encodeEvent(event)
    return false
  } catch (error) {
    return (error as Error).name === 'SseError'
  }
}

function arrivesAs(event: ServerSentEvent, expected: Parsed['events'][number]): boolean {
  const { events, retries } = parse(event)
  const [first, second] = events
  return (
    events.length === 2 &&
    retries.length === 0 &&
    first?.data === expected.data &&
    first.event === expected.event &&
    first.id === expected.id &&
    second?.data === 'next'
  )
}

test('every text arrives as data, as one event', () => {
  expect(offenders((data) => arrivesAs({ data }, { data: asData(data) }))).toEqual([])
})

test('every text arrives as an event name or is refused', () => {
  const passes = (event: string) =>
    /[\r\n\0]/.test(event)
      ? isRefused({ event, data: 'd' })
      : arrivesAs({ event, data: 'd' }, { event: throughBytes(event) || undefined, data: 'd' })
  expect(offenders(passes)).toEqual([])
})

test('every text arrives as an id or is refused', () => {
  const passes = (id: string) =>
    /^[\x20-\x7e]*$/.test(id) && !/^ | $/.test(id)
      ? arrivesAs({ id, data: 'd' }, { id, data: 'd' })
      : isRefused({ id, data: 'd' })
  expect(offenders(passes)).toEqual([])
})

test('no text in a comment reaches the client', () => {
  expect(offenders((comment) => arrivesAs({ comment, data: 'd' }, { data: 'd' }))).toEqual([])
})

test('every text inside JSON arrives with the same meaning', () => {
  const passes = (text: string) => {
    const [received] = parse({ data: { [text]: text } }).events
    return JSON.parse(received?.data ?? 'null')[text] === text && !/[\u0085\u2028]/.test(received?.data ?? '')
  }
  expect(offenders(passes)).toEqual([])
})

test('every line of the output is a known field with one space after its colon, a comment or blank', () => {
  const line = /^(?:data|event|id|retry|): |^:?$/
  const passes = (text: string) =>
    encodeEvent({ comment: text, id: 'i', retry: 1, data: text })
      .split('\n')
      .every((one) => line.test(one))
  expect(offenders(passes)).toEqual([])
})

test('any combination of fields arrives as one event or is refused', () => {
  const text = fc.string({ unit: fc.constantFrom(...ALPHABET, 'data', 'id', '1'), maxLength: 12 })
  const field = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
  const event = fc.record({
    event: field(text),
    data: fc.oneof(text, fc.jsonValue()),
    id: field(fc.oneof(text, fc.integer())),
    retry: field(fc.oneof(fc.nat(), fc.double())),
    comment: field(text),
  })
  fc.assert(
    fc.property(event, (sent) => {
      if (isRefused(sent)) return
      const { events, retries } = parse(sent)
      const data = typeof sent.data === 'string' ? asData(sent.data) : expect.any(String)
      const id = sent.id === undefined ? undefined : String(sent.id)
      expect(events).toEqual([
        { event: throughBytes(sent.event ?? '') || undefined, data, id },
        { event: undefined, data: 'next', id: undefined },
      ])
      expect(retries).toEqual(sent.retry === undefined ? [] : [sent.retry + 0])
      expect(parseOurselves(sent)).toEqual({ events, retries })
    }),
    { numRuns: 2_000 },
  )
})
