// Every option with every kind of value: it is refused by name, or the stream, hub or run works with it.
import { eventually, RawClient } from '@downstream/testing'
import fc from 'fast-check'
import { SseError } from '../src/errors.ts'
import { type GroupOptions, StreamGroup } from '../src/group/stream-group.ts'
import { createHub } from '../src/hub/create-hub.ts'
import type { HubOptions, SubscribeOptions } from '../src/hub/hub.ts'
import { createRuns } from '../src/run/create-runs.ts'
import type { RunOptions, RunsOptions } from '../src/run/runs.ts'
import { type EventStreamOptions, resolveOptions } from '../src/stream/event-stream-options.ts'
import { type CloseOptions, Shutdown } from '../src/stream/shutdown.ts'
import { FakePort } from './hub/fake-port.ts'
import { serve } from './stream/serve.ts'

/** The error of a callback of the app. Apart from an SseError it is the only error that a caller may get. */
const mine = new Error('thrown by the app')
const callbacks = [
  () => 1,
  () => 'text',
  () => true,
  () => undefined,
  async () => true,
  () => {
    throw mine
  },
]
const odd: unknown[] = [
  undefined,
  null,
  true,
  false,
  Symbol('s'),
  10n,
  Object.create(null),
  new Date(Number.NaN),
]
const numbers = [0, -0, -1, 1, 0.5, 5_000, 2 ** 31, Number.MAX_VALUE, Number.NaN, Number.POSITIVE_INFINITY]
const texts = [
  '',
  'a',
  'shared',
  'own',
  'later',
  'stop',
  'a\nb',
  'a\0b',
  '\ud800',
  'https://a.example',
  'gzip',
]
const anything = fc.oneof(
  fc.constantFrom<unknown>(...odd, ...numbers, ...texts, ...callbacks),
  fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withNullPrototype: true }),
)

/** Some of these options, mostly with values of the right kind. */
function some(plausible: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<object> {
  const values = Object.entries(plausible).map(([name, value]) => [
    name,
    fc.oneof({ weight: 40, arbitrary: value }, { weight: 1, arbitrary: anything }),
  ])
  return fc.record(Object.fromEntries(values), { requiredKeys: [] })
}

const positive = fc.constantFrom(1, 1_000, 5_000, Number.POSITIVE_INFINITY)
const name = fc.constantFrom<unknown>('a', 'b')
const nameOrNone = fc.oneof(fc.constant<unknown>(false), name)
/** Mostly returns what it is expected to return. */
const returns = (value: unknown) =>
  fc.oneof(
    { weight: 5, arbitrary: fc.constant(() => value) },
    { weight: 1, arbitrary: fc.constantFrom(...callbacks) },
  )
const streamOptions = {
  retry: fc.constantFrom(0, 1, 3_000, 2_147_483_647),
  keepAlive: fc.oneof(fc.constant(false), positive),
  heartbeat: nameOrNone,
  tcpKeepAlive: fc.oneof(fc.constant(false), positive),
  headers: fc.constantFrom<unknown>(
    { 'X-A': 'a' },
    { 'X-A': ['a', 'b'] },
    new Map([['X-A', 1]]),
    new Headers(),
  ),
  serialize: returns('text'),
  maxBufferedBytes: positive,
  maxEventBytes: positive,
  stallTimeout: positive,
  compression: fc.oneof(
    fc.constantFrom(false, 'shared', 'own'),
    some({
      mode: fc.constantFrom('shared', 'own'),
      encodings: fc.subarray(['gzip', 'zstd']),
      minBytes: fc.nat(100),
    }),
  ),
  maxAge: positive,
  expiresAt: fc.constantFrom(new Date(Date.now() + 60_000), Date.now() + 60_000),
  abruptEnd: fc.boolean(),
  lastEventIdParameter: nameOrNone,
  waitParameter: nameOrNone,
}
const groupOptions = {
  ...streamOptions,
  limits: some({ total: fc.constantFrom(1, 5), key: returns('a') }),
  refuse: fc.constantFrom('later', 'stop', 429),
  origin: fc.oneof(fc.constant(['https://a.example']), returns(true)),
}

/** Fails unless `error` is of the kind that a caller is promised. */
function expectRefusal(error: unknown): void {
  if (error === mine) return
  expect(error).toBeInstanceOf(SseError)
  expect(String((error as SseError).code)).toMatch(/^ERR_SSE_/)
}

/** Calls `call`; undefined when it was refused. */
function attempt<T>(call: () => T): T | undefined {
  try {
    return call()
  } catch (error) {
    expectRefusal(error)
    return undefined
  }
}

test('an option of a stream is taken, or refused by its name', () => {
  const names = Object.keys(streamOptions) as (keyof EventStreamOptions)[]
  fc.assert(
    fc.property(fc.constantFrom(...names), anything, (name, value) => {
      try {
        resolveOptions({ [name]: value })
      } catch (error) {
        expect(error).toMatchObject({
          code: 'ERR_SSE_INVALID_OPTION',
          message: expect.stringContaining(name),
        })
      }
    }),
    { numRuns: 2_000 },
  )
})

test('a stream opens with whatever options were not refused, and its events are read', async () => {
  let options: GroupOptions = {}
  const outcomes: unknown[] = []
  const { origin } = await serve((req, res) => {
    try {
      const group = new StreamGroup(options)
      const stream = group.sse(req, res, { onSourceError: expectRefusal })()
      const sent = attempt(() => stream.send({ event: 'one', data: 'text' }))
      attempt(() => stream.send({ event: 'two', data: { an: 'object' } }))
      outcomes.push({ stream, sent })
    } catch (error) {
      outcomes.push(error)
      res.writeHead(500).end()
    }
  })
  let opened = 0
  await fc.assert(
    fc.asyncProperty(some(groupOptions), async (some) => {
      options = some
      outcomes.length = 0
      const client = await RawClient.connect(origin)
      client.get('/', { Origin: 'https://a.example', 'Accept-Encoding': 'gzip, zstd' })
      await client.receives('\r\n\r\n')
      const [outcome] = outcomes as [{ stream?: { closed: boolean; close(): void; reason?: SseError } }]
      if (outcome.stream === undefined) {
        expectRefusal(outcome)
        expect(outcome).toMatchObject({ code: 'ERR_SSE_INVALID_OPTION' })
      } else {
        const { stream } = outcome
        // A limit may have refused the stream, or a small maxAge or maxBufferedBytes ended it.
        const isText = !/^content-encoding: /im.test(client.text)
        if (!stream.closed && isText) await client.receives('event: one\ndata: text\n\n')
        if (!stream.closed) opened++
        stream.close()
        await eventually('the reason', () => stream.reason !== undefined)
        expectRefusal(stream.reason)
      }
      client.close()
    }),
    { numRuns: 250 },
  )
  expect(opened).toBeGreaterThan(0)
})

test('a hub with whatever options were not refused delivers what was not refused', async () => {
  const hubOptions = some({
    tail: some({ length: positive, bytes: positive }),
    serialize: returns('text'),
    gapDelay: fc.nat(10),
    maxResume: positive,
    maxChannels: positive,
    maxChannelLength: positive,
    maxEventBytes: positive,
    maxResumes: positive,
    snapshotMaxAge: fc.nat(10),
    snapshotTimeout: fc.constantFrom(1_000, 5_000),
    controlEvents: some({ gap: name, bookmark: nameOrNone, snapshot: name }),
    onError: returns(undefined),
    onLogState: returns(undefined),
    log: fc.constant(undefined),
  })
  const subscribeOptions = some({
    filter: returns(true),
    coalesce: returns('a'),
    key: fc.string(),
    snapshot: returns('state'),
  })
  const channels = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom<unknown>('a', ['a', 'b']) },
    { weight: 1, arbitrary: anything },
  )
  const events = fc.oneof(
    { weight: 4, arbitrary: fc.record({ event: name, data: fc.string() }) },
    { weight: 1, arbitrary: anything },
  )
  let delivered = 0
  await fc.assert(
    fc.asyncProperty(
      hubOptions,
      subscribeOptions,
      channels,
      events,
      async (options, subscription, names, event) => {
        const hub = attempt(() => createHub({ onError: () => {}, ...options } as HubOptions))
        if (hub === undefined) return
        const port = new FakePort()
        attempt(() => hub.subscribe(port, names as string, subscription as SubscribeOptions))
        attempt(() => hub.events(names as string, subscription as never))
        await attempt(() => hub.publish(names as string, event as { data: string }))?.catch(expectRefusal)
        await attempt(() => hub.ready())
        await attempt(() => hub.disconnect(names as string))
        for (const { event } of port.events) expect(typeof event).toBe('string')
        await hub.close()
        delivered += hub.stats().delivered
      },
    ),
    { numRuns: 300 },
  )
  expect(delivered).toBeGreaterThan(0)
})

test('a run with whatever options were not refused ends', async () => {
  const runsOptions = some({
    controlEvents: some({ end: nameOrNone, gap: name }),
    serialize: returns('text'),
    onError: returns(undefined),
    maxRuns: positive,
    store: fc.constant(undefined),
  })
  const runOptions = some({
    ttl: fc.constant(1_000),
    maxBytes: fc.constantFrom(1, 1_000),
    maxAge: fc.constant(1_000),
    replace: fc.boolean(),
  })
  const sources = fc.oneof(
    fc.constantFrom<unknown>(['a', { data: { b: 1 } }], () => ['a']),
    anything,
  )
  let started = 0
  await fc.assert(
    fc.asyncProperty(runsOptions, runOptions, fc.oneof(fc.string(), anything), sources, async (...all) => {
      const [options, runOptions, id, source] = all
      const runs = attempt(() => createRuns({ onError: () => {}, ...options } as RunsOptions))
      if (runs === undefined) return
      const run = await runs.start(id as string, source as [], runOptions as RunOptions).catch(expectRefusal)
      if (run !== undefined) started++
      await runs.stop(id as string).catch(expectRefusal)
      await runs.close()
    }),
    { numRuns: 200 },
  )
  expect(started).toBeGreaterThan(0)
})

test('a shutdown with whatever options were not refused ends every stream', async () => {
  const closeOptions = some({
    drain: fc.constantFrom(0, 1, 5),
    retry: fc.oneof(fc.nat(10_000), fc.constant([1, 2])),
    abruptEnd: fc.boolean(),
    server: fc.constant(undefined),
  })
  let ended = 0
  await fc.assert(
    fc.asyncProperty(closeOptions, async (options) => {
      const { drain = 0 } = options as CloseOptions
      // Skip a longer drain: it may take a week.
      fc.pre(!(typeof drain === 'number' && drain > 5))
      const ports = new Set([new FakePort(), new FakePort()])
      const shutdown = attempt(() => new Shutdown(ports, options as CloseOptions))
      if (shutdown === undefined) return
      await shutdown.done
      for (const port of ports) expect(port.code).toBe('ERR_SSE_SHUTDOWN')
      ended++
    }),
    { numRuns: 100 },
  )
  expect(ended).toBeGreaterThan(0)
})
