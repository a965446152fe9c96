import fc from 'fast-check'
import { EventStreamParser, type ParsedEvent } from '../../src/wire/event-stream-parser.ts'

/** The parsing of the standard, word for word, for a complete stream. */
function interpret(stream: string): ParsedEvent[] {
  const events: ParsedEvent[] = []
  const lines = stream.replace(/^\ufeff/, '').split(/\r\n|\n|\r/)
  // What follows the last line end is not a line.
  lines.pop()
  let block: { event: string; data: string; id: string | undefined } = { event: '', data: '', id: undefined }
  for (const line of lines) {
    if (line === '') {
      const { event, data, id } = block
      block = { event: '', data: '', id: undefined }
      const named = { ...(event === '' ? {} : { event }), ...(id === undefined ? {} : { id }) }
      // "If the data buffer's last character is a U+000A LINE FEED (LF) character, then remove the last character."
      if (data !== '') events.push({ data: data.replace(/\n$/, ''), ...named })
      else if (id !== undefined) events.push({ id })
      continue
    }
    const [, name, value = ''] = /^([^:]*)(?:: ?(.*))?$/su.exec(line) ?? []
    if (name === 'event') block.event = value
    if (name === 'data') block.data += `${value}\n`
    if (name === 'id' && !value.includes('\0')) block.id = value
    if (name === 'retry' && /^[0-9]+$/.test(value)) events.push({ retry: Number(value) })
  }
  return events
}

function parse(chunks: Iterable<string | Uint8Array>, maxEventBytes = 1_000): ParsedEvent[] {
  const parser = new EventStreamParser(maxEventBytes)
  return [...chunks].flatMap((chunk) => parser.push(chunk))
}

/** The pieces between these positions. */
function cut<T extends string | Uint8Array>(whole: T, places: readonly number[]): T[] {
  const all = [0, ...places, whole.length]
  return all.slice(1).map((end, n) => whole.slice(all[n], end) as T)
}

const streams: [what: string, stream: string, events: ParsedEvent[]][] = [
  ['one event', 'data: a\n\n', [{ data: 'a' }]],
  ['all fields', 'event: e\nid: 7\ndata: a\n\n', [{ data: 'a', event: 'e', id: '7' }]],
  ['several data lines', 'data: a\ndata\ndata:b\n\n', [{ data: 'a\n\nb' }]],
  ['one blank after the colon', 'data:  a\n\n', [{ data: ' a' }]],
  ['empty data', 'data\n\ndata:\n\n', [{ data: '' }, { data: '' }]],
  ['CR alone, which dispatches at once', 'data: a\r\r', [{ data: 'a' }]],
  ['CRLF', 'data: a\r\n\r\ndata: b\r\n\r\n', [{ data: 'a' }, { data: 'b' }]],
  ['all line ends', 'data: a\ndata: b\rdata: c\r\ndata: d\n\r\n', [{ data: 'a\nb\nc\nd' }]],
  ['a byte order mark', '\ufeffdata: a\n\n', [{ data: 'a' }]],
  ['a second byte order mark', '\ufeff\ufeffdata: a\n\ndata: b\n\n', [{ data: 'b' }]],
  ['an event without its end', 'data: a\n\ndata: b\n', [{ data: 'a' }]],
  ['a line without its end', 'data: a\n\ndata: b', [{ data: 'a' }]],
  ['an id without data', 'id: 1\n\ndata: a\n\n', [{ id: '1' }, { data: 'a' }]],
  ['an id that is reset', 'id\n\nid:\ndata: a\n\n', [{ id: '' }, { data: 'a', id: '' }]],
  ['a NUL in an id', 'id: a\0b\ndata: a\n\n', [{ data: 'a' }]],
  ['a NUL in an id after another id', 'id: 1\nid: a\0\ndata: a\n\n', [{ data: 'a', id: '1' }]],
  ['an id that no header can carry', 'id: ü \ndata: a\n\n', [{ data: 'a', id: 'ü ' }]],
  ['a name without data', 'event: e\n\ndata: a\n\n', [{ data: 'a' }]],
  ['an empty name', 'event: e\nevent:\ndata: a\n\n', [{ data: 'a' }]],
  ['a retry', 'retry: 10\n', [{ retry: 10 }]],
  ['a retry in an event', 'data: a\nretry: 10\n\n', [{ retry: 10 }, { data: 'a' }]],
  ['what is no retry', 'retry: 1.5\nretry: -1\nretry:\nretry: 1e3\nretry:  1\nretry: \u0661\n', []],
  ['comments', ': a\n:\ndata: a\n: b\n\n', [{ data: 'a' }]],
  ['other fields', 'foo: a\nDATA: a\ndata : a\n data: a\n\n', []],
  ['U+2028 and U+0085 in data', 'data: a\u2028b\u0085c\n\n', [{ data: 'a\u2028b\u0085c' }]],
  ['characters of four bytes', 'event: 😀\ndata: ü€😀\n\n', [{ data: 'ü€😀', event: '😀' }]],
]

describe.each(streams)('%s', (_, stream, events) => {
  const bytes = Buffer.from(stream)

  test('is parsed as the standard says', () => {
    expect(parse([stream])).toStrictEqual(events)
    expect(interpret(stream)).toStrictEqual(events)
  })

  test('is parsed the same wherever it is cut in two or three, or into single bytes', () => {
    for (let first = 0; first <= bytes.length; first++) {
      for (let second = first; second <= bytes.length; second++) {
        expect(parse(cut(bytes, [first, second]))).toStrictEqual(events)
      }
    }
    for (let first = 0; first <= stream.length; first++) {
      expect(parse(cut(stream, [first]))).toStrictEqual(events)
    }
    expect(parse(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toStrictEqual(events)
  })
})

test('any stream is parsed as the standard says, however it is cut', () => {
  const piece = fc.constantFrom(
    ...[
      'data',
      'event',
      'id',
      'retry',
      ':',
      ': ',
      ' ',
      '\n',
      '\r',
      '\r\n',
      '\n\n',
      '\0',
      '1',
      'a',
      '😀',
      '\ufeff',
    ],
  )
  const stream = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''))
  const places = fc.array(fc.nat(), { maxLength: 8 })
  fc.assert(
    fc.property(stream, places, (text, cuts) => {
      const bytes = Buffer.from(text)
      const sorted = cuts.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b)
      expect(parse(cut(bytes, sorted))).toStrictEqual(interpret(text))
    }),
    { numRuns: 2_000 },
  )
})

test('bytes that are not UTF-8 become replacement characters', () => {
  expect(parse([Buffer.from('data: '), Uint8Array.of(0xff, 0xc3), Buffer.from('\n\n')])).toEqual([
    { data: '\ufffd\ufffd' },
  ])
})

test('accepts text after bytes', () => {
  expect(parse([Buffer.from('data: a'), 'b\n', Buffer.from('\n')])).toEqual([{ data: 'ab' }])
})

describe('an event that is too large', () => {
  const tooLarge = expect.objectContaining({ name: 'SseError', code: 'ERR_SSE_EVENT_TOO_LARGE' })

  test.each([
    ['one line', 'data: 1234\n\n', 10],
    ['several lines', 'data: 1\ndata: 2\nid: 34\n\n', 20],
    ['two bytes a character', 'data: üü\n\n', 10],
    ['four bytes a character', 'data: 😀\n\n', 10],
    ['a line without its end', 'data: 1234', 10],
    ['a comment without its end', ': 12345678', 10],
  ])(
    '%s: up to the bound it is read, a byte beyond is refused, in one chunk or in many',
    (_, stream, bytes) => {
      const single = Array.from(Buffer.from(stream), (byte) => Uint8Array.of(byte))
      for (const chunks of [[stream], single]) {
        expect(() => parse(chunks, bytes)).not.toThrow()
        expect(() => parse(chunks, bytes - 1)).toThrow(tooLarge)
      }
    },
  )

  test('does not mean many small events, comments, retries and other fields together', () => {
    const stream = ['data: 1234\n\n', ': comment\n', 'other: 12\n', 'retry: 1\n'].map((text) =>
      text.repeat(100),
    )
    expect(parse([stream.join('')], 10)).toHaveLength(200)
  })

  test('is refused before it is in memory', () => {
    const parser = new EventStreamParser(1_000)
    let pushed = 0
    expect(() => {
      for (; pushed < 1_000; pushed++) parser.push('x'.repeat(100))
    }).toThrow(tooLarge)
    expect(pushed).toBe(10)
  })
})

test('a large event in small pieces takes time proportional to its size', () => {
  // Searching the whole unfinished line again for each piece took 40 s here.
  const parser = new EventStreamParser(100_000_000)
  const piece = 'x'.repeat(50)
  for (let n = 0; n < 400_000; n++) parser.push(n % 50 === 0 ? `\ndata: ${piece}` : piece)
  const [event] = parser.push('\n\n')
  expect(event?.data?.length).toBeGreaterThan(20_000_000)
})
