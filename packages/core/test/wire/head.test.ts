import { type ExtraHeaders, type HeaderValue, headerList, responseHead } from '../../src/wire/head.ts'

/**
 * The headers that result from what the app set before and the extra headers of the stream, as Node would merge them.
 */
function headOf(set: Record<string, HeaderValue>, extra: ExtraHeaders = {}): Record<string, HeaderValue> {
  const head: Record<string, HeaderValue> = {}
  for (const [name, value] of Object.entries(set)) head[name.toLowerCase()] = value
  for (const [name, value] of responseHead((wanted) => head[wanted.toLowerCase()], headerList(extra))) {
    head[name.toLowerCase()] = value
  }
  return head
}

test('without headers from the app it has those of an event stream, without Connection, which Node sets', () => {
  expect(headOf({})).toEqual({
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache, no-transform',
    incremental: '?1',
    'x-accel-buffering': 'no',
    'x-content-type-options': 'nosniff',
  })
})

const cacheControls: [set: HeaderValue | undefined, extra: HeaderValue | undefined, sent: string][] = [
  ['public, max-age=60', undefined, 'no-cache, no-transform'],
  ['x-private-thing, s-maxage=1', undefined, 'no-cache, no-transform'],
  ['no-transform', undefined, 'no-cache, no-transform'],
  ['no-store', undefined, 'no-store, no-transform'],
  ['private', undefined, 'private, no-transform'],
  ['No-Cache', undefined, 'No-Cache, no-transform'],
  ['no-cache, no-transform', undefined, 'no-cache, no-transform'],
  ['private, No-Transform', undefined, 'private, No-Transform'],
  [undefined, 'no-store', 'no-store, no-transform'],
  ['private', 'no-store', 'no-store, no-transform'],
  ['no-store', 'max-age=60', 'no-cache, no-transform'],
]

test.each(cacheControls)(
  'Cache-Control %p set by the app and %p by the option is sent as %p',
  (set, extra, sent) => {
    const before: Record<string, HeaderValue> = set === undefined ? {} : { 'Cache-Control': set }
    expect(headOf(before, extra === undefined ? {} : { 'cache-Control': extra })['cache-control']).toBe(sent)
  },
)

test.each([
  ['Access-Control-Allow-Origin', 'https://example.com'],
  ['Vary', 'Origin'],
  ['Set-Cookie', ['a=1', 'b=2']],
])('keeps a header that the app has set: %s', (name, value) => {
  expect(headOf({ [name]: value })).toHaveProperty([name.toLowerCase()], value)
})

test.each([
  ['Content-Type', 'text/html; charset=windows-1252', 'text/event-stream'],
  ['X-Accel-Buffering', 'yes', 'no'],
  ['X-Content-Type-Options', 'off', 'nosniff'],
])('replaces a header that a stream depends on: %s', (name, value, sent) => {
  expect(headOf({ [name]: value })).toHaveProperty([name.toLowerCase()], sent)
  expect(headOf({}, { [name.toLowerCase()]: value })).toHaveProperty([name.toLowerCase()], sent)
})

test('sends extra headers in place of those of the app, and several of one name as several', () => {
  const head = headOf({ 'x-one': 'app' }, { 'X-One': 'stream', 'Set-Cookie': ['a=1', 'b=2'], 'X-Count': 3 })
  expect(head).toMatchObject({ 'x-one': 'stream', 'set-cookie': ['a=1', 'b=2'], 'x-count': 3 })
})

// Cookies and Vary of the option replaced those that were set before: "Vary: Origin" of cors was lost. Headers and Map
// were ignored, because they have no own properties.
test.each<[what: string, extra: ExtraHeaders]>([
  ['an object', { 'set-cookie': ['c=3', 'd=4'], vary: 'Accept', 'x-a': '1' }],
  [
    'Headers',
    new Headers([
      ['set-cookie', 'c=3'],
      ['set-cookie', 'd=4'],
      ['vary', 'Accept'],
      ['x-a', '1'],
    ]),
  ],
  [
    'a Map',
    new Map<string, HeaderValue>([
      ['set-cookie', ['c=3', 'd=4']],
      ['vary', 'Accept'],
      ['x-a', '1'],
    ]),
  ],
  [
    'a list of pairs',
    [
      ['set-cookie', 'c=3'],
      ['Set-Cookie', 'd=4'],
      ['vary', 'Accept'],
      ['x-a', '1'],
    ],
  ],
])('Set-Cookie and Vary of the option are added to those of the app: %s', (_, extra) => {
  const set = { 'Set-Cookie': ['a=1', 'b=2'], Vary: 'Origin', 'X-A': '0' }
  expect(headOf(set, extra)).toMatchObject({
    'set-cookie': ['a=1', 'b=2', 'c=3', 'd=4'],
    vary: 'Origin, Accept',
    'x-a': '1',
  })
})

test('Incremental of the app or of the option is kept', () => {
  expect(headOf({ Incremental: '?0' }).incremental).toBe('?0')
  expect(headOf({}, { incremental: '?0' }).incremental).toBe('?0')
})

// Fastify sets the headers, and the stream merged its option into them again when it began: c=3 was sent twice.
test('a value of Vary or Set-Cookie is not added twice', () => {
  const extra = { 'Set-Cookie': 'c=3', Vary: 'Accept' }
  const once = headOf({ 'Set-Cookie': ['a=1', 'b=2'], Vary: 'Origin' }, extra)
  expect(headOf(once, extra)).toEqual(once)
  expect(once).toMatchObject({ 'set-cookie': ['a=1', 'b=2', 'c=3'], vary: 'Origin, Accept' })
})
