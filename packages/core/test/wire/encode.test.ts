import { runInNewContext } from 'node:vm'
import { getLines, getMessages } from '@microsoft/fetch-event-source/lib/cjs/parse.js'
import type { SseErrorCode } from '../../src/errors.ts'
import { encodeComment, encodeEvent, holdsEvent, serializeJson } from '../../src/wire/encode.ts'
import type { ServerSentEvent } from '../../src/wire/server-sent-event.ts'

const cycle: { self?: unknown } = {}
cycle.self = cycle

const encoded: [what: string, event: ServerSentEvent | string, text: string][] = [
  ['a string', 'hello', 'data: hello\n\n'],
  ['an empty string', '', 'data: \n\n'],
  ['a line end alone', '\n', 'data: \ndata: \n\n'],
  ['a trailing line end', 'a\n', 'data: a\ndata: \n\n'],
  ['every line end of the standard', 'a\rb\r\nc\n\rd', 'data: a\ndata: b\ndata: c\ndata: \ndata: d\n\n'],
  ['a line end of other languages in a string', 'a\u2028b\u0085c', 'data: a\u2028b\u0085c\n\n'],
  ['a leading space', { data: ' x' }, 'data:  x\n\n'],
  ['data that is not a string', { data: { a: [1, null] } }, 'data: {"a":[1,null]}\n\n'],
  ['null, which JSON has a form for', { data: null }, 'data: null\n\n'],
  [
    'every field',
    { data: 'd', retry: 1, id: 'i', event: 'e', comment: 'c' },
    ': c\nevent: e\nid: i\nretry: 1\ndata: d\n\n',
  ],
  [
    'fields that are undefined',
    { data: 'd', event: undefined, id: undefined, retry: undefined },
    'data: d\n\n',
  ],
  ['an empty event name, which is no name', { event: '', data: 'd' }, 'data: d\n\n'],
  ['an empty id, which resets it', { id: '', data: 'd' }, 'id: \ndata: d\n\n'],
  ['the id "0"', { id: '0', data: 'd' }, 'id: 0\ndata: d\n\n'],
  ['the id 0', { id: 0, data: 'd' }, 'id: 0\ndata: d\n\n'],
  ['an id with a blank inside', { id: 'a b', data: 'd' }, 'id: a b\ndata: d\n\n'],
  ['a retry of 0', { retry: 0, data: 'd' }, 'retry: 0\ndata: d\n\n'],
  ['the longest retry', { retry: 2_147_483_647, data: 'd' }, 'retry: 2147483647\ndata: d\n\n'],
  ['a retry alone, which needs no blank line', { retry: 2000 }, 'retry: 2000\n'],
  ['a comment alone', { comment: 'c' }, ': c\n\n'],
  ['a comment with line ends', { comment: 'a\rb\nc', data: 'd' }, ': a\n: b\n: c\ndata: d\n\n'],
]

test.each(encoded)('%s is encoded', (_, event, text) => {
  expect(encodeEvent(event)).toBe(text)
})

test('an id of 256 characters is accepted', () => {
  expect(encodeEvent({ id: 'i'.repeat(256), data: '' })).toContain(`id: ${'i'.repeat(256)}\n`)
})

const refused: [what: string, event: unknown, code: SseErrorCode][] = [
  ['undefined', undefined, 'ERR_SSE_INVALID_EVENT'],
  ['null', null, 'ERR_SSE_INVALID_EVENT'],
  ['a number', 7, 'ERR_SSE_INVALID_EVENT'],
  ['an empty object', {}, 'ERR_SSE_INVALID_EVENT'],
  ['undefined data alone', { data: undefined }, 'ERR_SSE_INVALID_EVENT'],
  ['an event name alone', { event: 'e' }, 'ERR_SSE_INVALID_EVENT'],
  ['an empty event name alone', { event: '' }, 'ERR_SSE_INVALID_EVENT'],
  ['an id alone', { id: '1' }, 'ERR_SSE_INVALID_EVENT'],
  ['an id with a retry but no data', { id: '1', retry: 1 }, 'ERR_SSE_INVALID_EVENT'],
  ['an event name with CR', { event: 'a\rdata: x', data: '' }, 'ERR_SSE_INVALID_EVENT_NAME'],
  ['an event name with LF', { event: 'a\ndata: x', data: '' }, 'ERR_SSE_INVALID_EVENT_NAME'],
  ['an event name with NUL', { event: 'a\0', data: '' }, 'ERR_SSE_INVALID_EVENT_NAME'],
  ['an event name that is not a string', { event: 1, data: '' }, 'ERR_SSE_INVALID_EVENT_NAME'],
  ['an id with CR', { id: '1\r', data: '' }, 'ERR_SSE_INVALID_ID'],
  ['an id with LF', { id: '1\n2', data: '' }, 'ERR_SSE_INVALID_ID'],
  ['an id with NUL', { id: '\0', data: '' }, 'ERR_SSE_INVALID_ID'],
  ['an id with a control character', { id: 'a\x01b', data: '' }, 'ERR_SSE_INVALID_ID'],
  ['an id with a tab', { id: 'a\tb', data: '' }, 'ERR_SSE_INVALID_ID'],
  ['an id with DEL', { id: 'a\x7f', data: '' }, 'ERR_SSE_INVALID_ID'],
  ['an id that is not ASCII', { id: 'é', data: '' }, 'ERR_SSE_INVALID_ID'],
  ['an id with a blank in front', { id: ' 1', data: '' }, 'ERR_SSE_INVALID_ID'],
  ['an id with a blank at its end', { id: '1 ', data: '' }, 'ERR_SSE_INVALID_ID'],
  ['an id of 257 characters', { id: 'i'.repeat(257), data: '' }, 'ERR_SSE_INVALID_ID'],
  ['an id that is a fraction', { id: 1.5, data: '' }, 'ERR_SSE_INVALID_ID'],
  ['an id above the safe integers', { id: 2 ** 53, data: '' }, 'ERR_SSE_INVALID_ID'],
  ['an id that is a BigInt', { id: 1n, data: '' }, 'ERR_SSE_INVALID_ID'],
  ['an id that is null', { id: null, data: '' }, 'ERR_SSE_INVALID_ID'],
  ['a retry that is a string', { retry: '1', data: '' }, 'ERR_SSE_INVALID_RETRY'],
  ['a retry that forges a field', { retry: '1\ndata: x', data: '' }, 'ERR_SSE_INVALID_RETRY'],
  ['a retry that is NaN', { retry: Number.NaN, data: '' }, 'ERR_SSE_INVALID_RETRY'],
  ['a negative retry', { retry: -1, data: '' }, 'ERR_SSE_INVALID_RETRY'],
  ['a retry that is a fraction', { retry: 1.5, data: '' }, 'ERR_SSE_INVALID_RETRY'],
  ['a retry written with an exponent', { retry: 1e21, data: '' }, 'ERR_SSE_INVALID_RETRY'],
  ['a retry of 2^31', { retry: 2 ** 31, data: '' }, 'ERR_SSE_INVALID_RETRY'],
  ['an endless retry', { retry: Number.POSITIVE_INFINITY, data: '' }, 'ERR_SSE_INVALID_RETRY'],
  ['a comment that is not a string', { comment: 1, data: '' }, 'ERR_SSE_INVALID_COMMENT'],
  ['a function as data', { data: () => {} }, 'ERR_SSE_INVALID_DATA'],
  ['a symbol as data', { data: Symbol('s') }, 'ERR_SSE_INVALID_DATA'],
  ['a BigInt as data', { data: 1n }, 'ERR_SSE_INVALID_DATA'],
  ['a cycle as data', { data: cycle }, 'ERR_SSE_INVALID_DATA'],
  ['data whose toJSON fails', { data: { toJSON: () => JSON.parse('{') } }, 'ERR_SSE_INVALID_DATA'],
  ['data whose toJSON gives undefined', { data: { toJSON: () => undefined } }, 'ERR_SSE_INVALID_DATA'],
]

test.each(refused)('%s is refused', (_, event, code) => {
  expect(() => encodeEvent(event as ServerSentEvent)).toThrow(
    expect.objectContaining({ name: 'SseError', code }),
  )
})

test('an error says the rule and shows what was passed, shortened', () => {
  const refuse = () => encodeEvent({ id: 'é'.repeat(10_000), data: '' })
  expect(refuse).toThrow(/An id must be .*printable ASCII.*got "é{60}…"/)
})

test.each<[what: string, data: unknown, message: RegExp]>([
  ['a promise', Promise.resolve(1), /^The data is a Promise, .*Await it first/],
  ['a promise of another realm', runInNewContext('Promise.resolve(1)'), /^The data is a Promise/],
  // biome-ignore lint/suspicious/noThenProperty: as query builders have
  ['what is awaited like one', { then: () => {} }, /^The data is a Promise/],
  ['a Map', new Map([['a', 1]]), /^The data is a Map, .*Object\.fromEntries\(map\)/],
  ['an empty Map', new Map(), /^The data is a Map/],
  ['a Set', new Set([1]), /^The data is a Set, .*\[\.\.\.set\]/],
  ['a promise in an object', { user: { rows: Promise.resolve(1) } }, /^The data has a Promise in "rows"/],
  ['a Map in an array', [{}, new Map()], /^The data has a Map in "1"/],
])('%s as data is refused, since JSON would turn it into {}', (_what, data, message) => {
  expect(() => encodeEvent({ data })).toThrow(
    expect.objectContaining({ code: 'ERR_SSE_INVALID_DATA', message: expect.stringMatching(message) }),
  )
})

test('a Map is sent when it has a toJSON(), or the option serialize takes it', () => {
  const withJson = Object.assign(new Map(), { toJSON: () => ({ a: {} }) })
  expect(encodeEvent({ data: withJson })).toBe('data: {"a":{}}\n\n')
  expect(encodeEvent({ data: new Map([['a', 1]]) }, (data) => JSON.stringify([...(data as never)]))).toBe(
    'data: [["a",1]]\n\n',
  )
})

test('bytes passed by mistake are refused without looking at each of them', () => {
  const keys = jest.spyOn(Object, 'keys')
  const listings: unknown[] = []
  let message = ''
  try {
    encodeEvent(Buffer.alloc(5) as never)
  } catch (error) {
    message = (error as Error).message
    listings.push(...keys.mock.calls)
  }
  keys.mockRestore()
  expect(listings).toEqual([])
  expect(message).toMatch(/got a Buffer of 5 bytes\.$/)
})

test('a failed serialization is the cause of the error', () => {
  const cause = new Error('no')
  const fail = () => {
    throw cause
  }
  expect(() => encodeEvent({ data: {} }, fail)).toThrow(expect.objectContaining({ cause }))
})

test('a serialize function receives data that is not a string, and its lines become fields', () => {
  expect(encodeEvent({ data: [1, 2] }, (data) => (data as number[]).join('\n'))).toBe('data: 1\ndata: 2\n\n')
})

test('a serialize function does not receive a string', () => {
  expect(encodeEvent({ data: 'raw' }, () => 'serialized')).toBe('data: raw\n\n')
})

test('a serialize function that does not return a string is refused', () => {
  const toNumber = (() => 1) as unknown as () => string
  expect(() => encodeEvent({ data: {} }, toNumber)).toThrow(
    expect.objectContaining({ code: 'ERR_SSE_INVALID_DATA' }),
  )
})

test('JSON keeps the line ends of other languages escaped, and means the same', () => {
  const data = { 'a\u2028': 'b\u2029c\u0085d' }
  const json = serializeJson(data)
  expect(json).not.toMatch(/[\u0085\u2028\u2029]/)
  expect(JSON.parse(json)).toEqual(data)
})

test('a lone surrogate is sent as the bytes of U+FFFD', () => {
  expect(Buffer.from(encodeEvent('\ud83d'))).toEqual(Buffer.from('data: \ufffd\n\n'))
})

const comments: [what: string, text: string | undefined, encoded: string][] = [
  ['nothing', undefined, ':\n\n'],
  ['an empty text', '', ':\n\n'],
  ['a text', 'hi', ': hi\n\n'],
  ['a text that looks like fields', 'a\rdata: x\n\ndata: y', ': a\n: data: x\n: \n: data: y\n\n'],
]

test.each(comments)('a comment of %s is encoded', (_, text, encoded) => {
  expect(encodeComment(text)).toBe(encoded)
})

test('a comment that is not a string is refused', () => {
  expect(() => encodeComment(1 as unknown as string)).toThrow(
    expect.objectContaining({ code: 'ERR_SSE_INVALID_COMMENT' }),
  )
})

/** How often fetch-event-source would call `onmessage`: at every blank line, whatever precedes it. */
function messagesOf(text: string): number {
  let messages = 0
  const onMessage = () => messages++
  getLines(
    getMessages(
      () => {},
      () => {},
      onMessage,
    ),
  )(Buffer.from(text))
  return messages
}

test.each(encoded.filter(([, event]) => typeof event === 'string' || event.data !== undefined))(
  '%s is one message to a client that counts blank lines',
  (_, event) => {
    expect(messagesOf(encodeEvent(event))).toBe(1)
  },
)

test('a retry alone is not a message for a client that counts blank lines', () => {
  expect(messagesOf(encodeEvent({ retry: 1 }))).toBe(0)
})

test('text holds an event when it has data', () => {
  const events = [
    encodeEvent(''),
    encodeEvent({ id: '1', data: 'a' }),
    encodeEvent({ comment: 'c', data: '' }),
  ]
  for (const text of events) expect(holdsEvent(text)).toBe(true)
  const others = [encodeComment('data: a'), encodeComment('a\ndata:'), encodeEvent({ retry: 5 }), '']
  for (const text of others) expect(holdsEvent(text)).toBe(false)
})
