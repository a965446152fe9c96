import { type EventStreamOptions, resolveOptions } from '../../src/stream/event-stream-options.ts'
import { serializeJson } from '../../src/wire/encode.ts'

test('without options there are the defaults', () => {
  expect(resolveOptions({})).toEqual({
    retry: 3_000,
    keepAlive: 15_000,
    heartbeat: false,
    tcpKeepAlive: 2_000,
    headers: [],
    serialize: serializeJson,
    maxBufferedBytes: 1_048_576,
    maxEventBytes: 1_048_576,
    stallTimeout: 120_000,
    compression: false,
    maxAge: Number.POSITIVE_INFINITY,
    expiresAt: Number.POSITIVE_INFINITY,
    abruptEnd: false,
    lastEventIdParameter: 'lastEventId',
    waitParameter: false,
  })
})

const all = {
  retry: 0,
  keepAlive: 1,
  heartbeat: 'ping',
  tcpKeepAlive: 1_000,
  headers: { 'X-A': 'a' },
  serialize: String,
  maxBufferedBytes: 2,
  maxEventBytes: 5,
  stallTimeout: 4,
  compression: false as const,
  maxAge: 3,
  expiresAt: 4_000_000_000_000,
  abruptEnd: true,
  lastEventIdParameter: 'id',
  waitParameter: 'wait',
}
const resolved = { ...all, headers: [['X-A', 'a']] }
const others = {
  retry: 10,
  keepAlive: 11,
  heartbeat: false as const,
  tcpKeepAlive: 1_001,
  headers: { 'X-B': 'b' },
  serialize: () => '',
  maxBufferedBytes: 12,
  maxEventBytes: 15,
  stallTimeout: 14,
  compression: 'shared' as const,
  maxAge: 13,
  expiresAt: 5_000_000_000_000,
  abruptEnd: false,
  lastEventIdParameter: 'other',
  waitParameter: 'hold',
}

test('every option is used as given', () => {
  expect(resolveOptions(all)).toEqual(resolved)
})

test('the options of one stream override the defaults of the app', () => {
  expect(resolveOptions(all, resolveOptions(others))).toEqual(resolved)
})

test('an option that is undefined does not hide a default', () => {
  const undefinedOptions = Object.fromEntries(Object.keys(all).map((name) => [name, undefined]))
  expect(resolveOptions(undefinedOptions, resolveOptions(all))).toEqual(resolved)
})

test.each(['keepAlive', 'tcpKeepAlive'] as const)(
  '%s false means never, also where the app keeps alive',
  (name) => {
    expect(resolveOptions({ [name]: false }, resolveOptions({ [name]: 5_000 }))[name]).toBe(
      Number.POSITIVE_INFINITY,
    )
  },
)

test('lastEventIdParameter false means none, even if the app has one', () => {
  const app = resolveOptions({ lastEventIdParameter: 'from' })
  expect(resolveOptions({ lastEventIdParameter: false }, app).lastEventIdParameter).toBe(false)
})

test('one stream can have a keepAlive if the app has none', () => {
  expect(resolveOptions({ keepAlive: 5 }, resolveOptions({ keepAlive: false })).keepAlive).toBe(5)
})

const bad: [name: keyof EventStreamOptions, values: unknown[]][] = [
  ['retry', [-1, 1.5, Number.NaN, '1000', 2 ** 31]],
  ['keepAlive', [0, -1, Number.NaN, '15000', true]],
  ['tcpKeepAlive', [0, 999, Number.NaN, '15000', true]],
  ['heartbeat', ['', 'a\nb', true, 1]],
  ['abruptEnd', [1, 'true', null]],
  [
    'headers',
    [null, 'X-A: a', { 'X A': 'a' }, { '': 'a' }, { 'X-A': 'a\r\nX-B: b' }, { 'X-A': ['a', 'b\n'] }],
  ],
  ['headers', [{ 'X-A': undefined }, { 'X-A': '…' }, ['x'], [1], new Headers({ Connection: 'close' })]],
  ['headers', [{ 'content-type': 'text/plain' }, { 'Content-Length': 1 }, { 'Content-Encoding': 'gzip' }]],
  ['headers', [{ Connection: 'close' }, { 'Keep-Alive': 'timeout=5' }, { 'transfer-encoding': 'chunked' }]],
  ['serialize', ['json', {}]],
  ['maxBufferedBytes', [0, -1, Number.NaN, '1mb']],
  ['maxEventBytes', [0, -1, Number.NaN, '1mb']],
  ['stallTimeout', [0, -1, Number.NaN, '1m']],
  ['maxAge', [0, -1, Number.NaN, '1h', false]],
  ['expiresAt', [0, Number.NaN, '2030-01-01', new Date('never'), 1_900_000_000, false]],
  ['lastEventIdParameter', [1, true]],
  ['waitParameter', [20, true]],
  ['keepalive' as keyof EventStreamOptions, [5_000, undefined]],
]

test.each(bad.flatMap(([name, values]) => values.map((value) => [name, value] as const)))(
  'refuses a bad option and names it: %s %p',
  (name, value) => {
    expect(() => resolveOptions({ [name]: value })).toThrow(
      expect.objectContaining({
        name: 'SseError',
        code: 'ERR_SSE_INVALID_OPTION',
        message: expect.stringMatching(new RegExp(`\\b${name}\\b`)),
      }),
    )
  },
)

test('a list of values makes several headers', () => {
  const headers = { 'Set-Cookie': ['a=1', 'b=2'], 'X-Count': 3 }
  expect(resolveOptions({ headers }).headers).toEqual(Object.entries(headers))
})
