import { setImmediate as nextTurn } from 'node:timers/promises'
import { eventually, FaultyLog as SharedLog } from '@downstream/testing'
import type { ChannelMap } from '../../src/hub/channel-map.ts'
import { createHub } from '../../src/hub/create-hub.ts'
import type { Hub, HubOptions, SubscribeOptions } from '../../src/hub/hub.ts'
import { MemoryLog } from '../../src/log/memory-log.ts'
import type { EventStream } from '../../src/stream/event-stream.ts'
import { begin } from '../stream/begin.ts'
import { FakeStream } from '../stream/fake-stream.ts'
import { FakePort } from './fake-port.ts'
import { FaultyLog } from './faulty-log.ts'
import { settle } from './settle.ts'

/** Subscribes a new stream, whose client sent `lastEventId`. */
function follow(
  hub: Hub<ChannelMap>,
  channels: string | string[],
  { lastEventId, ...options }: SubscribeOptions & { lastEventId?: string } = {},
) {
  const stream = new FakePort(lastEventId)
  const unsubscribe = hub.subscribe(stream, channels, options)
  return { stream, unsubscribe }
}

/** The data of all events except the hub's own. */
const dataOf = ({ events }: FakePort) =>
  events.filter(({ event }) => event !== 'bookmark' && event !== 'gap').map(({ data }) => data)
const namesOf = ({ events }: FakePort) => events.map(({ event }) => event)

describe('refuses to subscribe:', () => {
  const hub = createHub()
  test.each<[what: string, code: string, stream: () => unknown, channels: unknown, options?: unknown]>([
    ['no channels', 'INVALID_CHANNEL', () => new FakePort(), []],
    ['channels undefined', 'INVALID_CHANNEL', () => new FakePort(), undefined],
    ['a channel without a name', 'INVALID_CHANNEL', () => new FakePort(), ['news', '']],
    ['a channel that is no string', 'INVALID_CHANNEL', () => new FakePort(), ['news', 7]],
    ['a channel with a lone surrogate', 'INVALID_CHANNEL', () => new FakePort(), 'a\uD800b'],
    ['a key that is a number', 'INVALID_OPTION', () => new FakePort(), 'news', { key: 42 }],
    ['a key with a lone surrogate', 'INVALID_OPTION', () => new FakePort(), 'news', { key: '\uDC00' }],
    ['a stream of something else', 'INVALID_OPTION', () => new FakeStream(), 'news'],
    ['a filter that is no function', 'INVALID_OPTION', () => new FakePort(), 'news', { filter: true }],
    ['a coalesce that is no function', 'INVALID_OPTION', () => new FakePort(), 'news', { coalesce: 'key' }],
    ['a once of text', 'INVALID_OPTION', () => new FakePort(), 'news', { once: 'true' }],
    ['a fliter', 'INVALID_OPTION', () => new FakePort(), 'news', { fliter: () => false }],
    ['a channel instead of the stream', 'INVALID_OPTION', () => 'news', new FakePort()],
    ['a number of channels', 'INVALID_CHANNEL', () => new FakePort(), 42],
  ])('%s', (_, code, stream, channels, options = {}) => {
    expect(() =>
      hub.subscribe(stream() as EventStream, channels as string, options as SubscribeOptions),
    ).toThrow(expect.objectContaining({ name: 'SseError', code: `ERR_SSE_${code}` }))
    expect(hub.stats()).toMatchObject({ streams: 0, channels: 0 })
  })

  test.each([
    ['a second time', () => hub],
    ['to a second hub', createHub],
  ])('%s', (_, second) => {
    const { stream, unsubscribe } = follow(hub, 'news')
    expect(() => second().subscribe(stream, 'chat')).toThrow(
      expect.objectContaining({ code: 'ERR_SSE_ALREADY_SUBSCRIBED' }),
    )
    unsubscribe()
    expect(() => second().subscribe(stream, 'news')).toThrow(
      expect.objectContaining({ code: 'ERR_SSE_ALREADY_SUBSCRIBED' }),
    )
    expect(stream.closed).toBe(false)
  })
})

test('a stream that has ended is not subscribed, without an error', () => {
  const hub = createHub()
  const stream = new FakePort()
  stream.close()
  const unsubscribe = hub.subscribe(stream, 'news')
  expect(hub.stats()).toMatchObject({ streams: 0, channels: 0 })
  unsubscribe()
})

test('unsubscribing ends the events, not the stream', async () => {
  const hub = createHub()
  const { stream, unsubscribe } = follow(hub, ['news', 'chat'])
  const other = follow(hub, 'news')
  hub.publish('news', { data: 1 })
  await settle()
  hub.publish('news', { data: 2 })
  unsubscribe()
  unsubscribe()
  await settle()
  expect(dataOf(stream)).toEqual(['1'])
  expect(dataOf(other.stream)).toEqual(['1', '2'])
  expect(stream.closed).toBe(false)
  expect(hub.stats()).toMatchObject({ streams: 1, channels: 1 })
  await hub.close()
  expect(stream.closed).toBe(false)
})

describe('publishing', () => {
  test('resolves with the id of the event, which is then the cursor of the hub', async () => {
    const hub = createHub()
    const { stream } = follow(hub, 'news')
    const id = await hub.publish('news', { event: 'headline', data: { n: 1 } })
    expect(hub.cursor()).toBe(id)
    await settle()
    expect(stream.events.at(-1)).toEqual({ event: 'headline', data: '{"n":1}', id })
  })

  test('on several channels arrives in one order, each event with its own id', async () => {
    const hub = createHub()
    const both = follow(hub, ['a', 'b'])
    const one = follow(hub, 'b')
    const ids = await Promise.all(
      Array.from({ length: 40 }, (_, n) => hub.publish(n % 3 === 0 ? 'a' : 'b', { data: n })),
    )
    await settle()
    expect(dataOf(both.stream)).toEqual(ids.map((_, n) => String(n)))
    expect(both.stream.events.slice(1).map(({ id }) => id)).toEqual(ids)
    expect(dataOf(one.stream)).toEqual(ids.flatMap((_, n) => (n % 3 === 0 ? [] : [String(n)])))
  })

  test('several events in one tick are one write to each stream', async () => {
    const hub = createHub()
    const streams = Array.from({ length: 3 }, () => follow(hub, ['a', 'b']).stream)
    await settle()
    const before = streams.map(({ writes }) => writes)
    for (let n = 0; n < 10; n++) hub.publish(n % 2 === 0 ? 'a' : 'b', { data: n })
    await settle()
    expect(streams.map(({ writes }) => writes)).toEqual(before.map((writes) => writes + 1))
    expect(streams.map((stream) => dataOf(stream).length)).toEqual([10, 10, 10])
  })

  test('several events in one tick are one write to the response', async () => {
    const hub = createHub()
    const { stream, target } = begin()
    hub.subscribe(stream, 'news')
    await nextTurn()
    target.writes.length = 0
    for (let n = 0; n < 10; n++) hub.publish('news', { data: n })
    await settle()
    expect(target.writes).toHaveLength(1)
  })

  test('serializes and encodes an event once, however many streams get it', async () => {
    const serialize = jest.fn((data: unknown) => JSON.stringify(data))
    const hub = createHub({ serialize })
    const streams = Array.from({ length: 50 }, () => follow(hub, 'news').stream)
    hub.publish('news', { data: { n: 1 } })
    await settle()
    expect(serialize).toHaveBeenCalledTimes(1)
    expect(streams.every((stream) => dataOf(stream)[0] === '{"n":1}')).toBe(true)
  })

  test('without subscribers costs nothing, and later clients can still get the event', async () => {
    const hub = createHub()
    const { stream } = follow(hub, 'news')
    const before = hub.cursor()
    await hub.publish('empty', { data: 1 })
    await settle()
    expect(namesOf(stream)).toEqual(['bookmark'])
    const late = follow(hub, 'empty', { after: before })
    await settle()
    expect(dataOf(late.stream)).toEqual(['1'])
  })

  test('is counted', async () => {
    const hub = createHub()
    follow(hub, ['a', 'b'])
    follow(hub, 'a')
    hub.publish('a', { data: 'x' })
    hub.publish('b', { data: 'y' })
    hub.publish('c', { data: 'z' })
    await settle()
    const { tail, ...stats } = hub.stats()
    expect(stats).toEqual({
      streams: 2,
      channels: 2,
      lagging: 0,
      published: 3,
      delivered: 3,
      gaps: 0,
      stalled: 0,
      rejected: 0,
      catchUp: { reads: 0, bytes: 0 },
      behind: 0,
      log: 'up',
    })
    expect(tail.length).toBe(3)
    expect(tail.bytes).toBeGreaterThan(0)
  })
})

describe('starting', () => {
  test('at hub.cursor() of a page misses nothing that is published between the page and its stream', async () => {
    const hub = createHub()
    await hub.publish('news', { data: 'in the page' })
    const after = hub.cursor()
    hub.publish('news', { data: 'between' })
    const { stream } = follow(hub, 'news', { after })
    hub.publish('news', { data: 'later' })
    await settle()
    expect(dataOf(stream)).toEqual(['between', 'later'])
  })

  test('at hub.cursor() of an empty log works as well', async () => {
    const hub = createHub()
    const after = hub.cursor()
    expect(after).not.toBe('')
    hub.publish('news', { data: 'first' })
    const { stream } = follow(hub, 'news', { after })
    await settle()
    expect(dataOf(stream)).toEqual(['first'])
  })

  test('at a query parameter that occurs twice starts without a cursor', async () => {
    const hub = createHub()
    const { stream } = follow(hub, 'news', { after: [hub.cursor(), hub.cursor()] as unknown as string })
    await settle()
    expect(namesOf(stream)).toEqual(['gap'])
  })

  test('at the Last-Event-ID, which is newer than the page', async () => {
    const hub = createHub()
    const after = hub.cursor()
    const lastEventId = await hub.publish('news', { data: 1 })
    hub.publish('news', { data: 2 })
    const { stream } = follow(hub, 'news', { after, lastEventId })
    await settle()
    expect(dataOf(stream)).toEqual(['2'])
  })

  test('at the end continues with what is published next', async () => {
    const hub = createHub()
    const lastEventId = await hub.publish('news', { data: 1 })
    const { stream } = follow(hub, 'news', { lastEventId })
    await settle()
    hub.publish('news', { data: 2 })
    await settle()
    hub.publish('news', { data: 3 })
    await settle()
    expect(dataOf(stream)).toEqual(['2', '3'])
    expect(stream.events).toHaveLength(2)
  })

  test('in the middle of a tick gets what is published from then on', async () => {
    const hub = createHub()
    follow(hub, 'news')
    hub.publish('news', { data: 'before' })
    const { stream } = follow(hub, 'news')
    hub.publish('news', { data: 'after' })
    await settle()
    expect(dataOf(stream)).toEqual(['after'])
  })

  test.each([
    ['no cursor at all', 'malformed', 'no cursor'],
    ['a cursor of another log', 'expired', 'c0ffee000000-1'],
    ['a cursor of the future', 'malformed', undefined],
    ['8 KiB of something', 'malformed', 'x'.repeat(8_192)],
  ])('at %s: one gap, %s, then what is published next', async (_, reason, id) => {
    const log = new FaultyLog()
    const hub = createHub({ log })
    await hub.publish('news', { data: 'missed' })
    const { stream } = follow(hub, 'news', { lastEventId: id ?? `${hub.cursor()}zzz` })
    await settle()
    hub.publish('news', { data: 'next' })
    await settle()
    expect(namesOf(stream)).toEqual(['gap', 'message'])
    const gap = JSON.parse(stream.events[0]?.data as string)
    expect(gap).toEqual({ reason, delay: expect.any(Number) })
    expect(gap.delay).toBeGreaterThanOrEqual(0)
    expect(log.reads).toBe(1)
    expect(hub.stats().gaps).toBe(1)
  })

  test('at the id of a gap sends no second gap', async () => {
    const hub = createHub()
    const { stream } = follow(hub, 'news', { lastEventId: 'no cursor' })
    await settle()
    await hub.publish('news', { data: 'next' })
    const { stream: again } = follow(hub, 'news', { lastEventId: stream.events[0]?.id as string })
    await settle()
    expect(namesOf(again)).toEqual(['message'])
  })

  test('before the tail reads from the log, then joins the tail', async () => {
    const log = new FaultyLog({ length: 1_000 })
    const hub = createHub({ log, tail: { length: 3 } })
    const after = hub.cursor()
    for (let n = 0; n < 20; n++) await hub.publish(n % 2 === 0 ? 'news' : 'other', { data: n })
    log.pageLength = 7
    const { stream } = follow(hub, 'news', { after })
    expect(hub.stats().lagging).toBe(1)
    await settle()
    hub.publish('news', { data: 'live' })
    await settle()
    expect(dataOf(stream)).toEqual(['0', '2', '4', '6', '8', '10', '12', '14', '16', '18', 'live'])
    expect(hub.stats()).toMatchObject({ lagging: 0, gaps: 0 })
  })

  test('further back than maxResume causes one gap, too-far, and no more reads', async () => {
    const log = new FaultyLog({ length: 1_000 })
    const hub = createHub({ log, tail: { length: 3 }, maxResume: 10 })
    const after = hub.cursor()
    for (let n = 0; n < 100; n++) await hub.publish('news', { data: n })
    log.pageLength = 5
    const { stream } = follow(hub, 'news', { after })
    await settle()
    expect(dataOf(stream)).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
    expect(namesOf(stream).at(-1)).toBe('gap')
    expect(JSON.parse(stream.events.at(-1)?.data as string).reason).toBe('too-far')
    expect(stream.events.at(-1)?.id).toBe(hub.cursor())
    expect(log.reads).toBe(3)
    // The second stream gets the pages that were read for the first.
    const next = follow(hub, 'news', { after }).stream
    await settle()
    expect(dataOf(next)).toEqual(dataOf(stream))
    expect(namesOf(next)).toEqual(namesOf(stream))
    expect(log.reads).toBe(3)
  })
})

describe('with a log that is not up yet', () => {
  const start = () => {
    const log = new FaultyLog({}, { startHeld: true })
    return { log, hub: createHub({ log }) }
  }

  test('the hub has no cursor, is down, and streams wait', async () => {
    const { log, hub } = start()
    expect(hub.cursor()).toBe('')
    expect(hub.stats()).toMatchObject({ log: 'down', tail: { length: 0, bytes: 0 } })
    const { stream } = follow(hub, 'news')
    const ready = jest.fn()
    hub.ready().then(ready)
    await settle()
    expect(stream.text).toBe('')
    expect(ready).not.toHaveBeenCalled()
    log.releaseStart()
    await hub.ready()
    expect(stream.events).toEqual([{ event: 'bookmark', data: '', id: hub.cursor() }])
    expect(hub.stats()).toMatchObject({ log: 'up' })
  })

  test('publishing is passed on to it, and a stream can unsubscribe or disconnect', async () => {
    const { log, hub } = start()
    const { stream, unsubscribe } = follow(hub, 'news')
    const { stream: disconnected } = follow(hub, 'news')
    const id = await hub.publish('news', { data: 1 })
    unsubscribe()
    disconnected.cut()
    log.releaseStart()
    await settle()
    expect(hub.cursor()).toBe(id)
    expect([stream.text, disconnected.text]).toEqual(['', ''])
    expect(hub.stats()).toMatchObject({ streams: 0, channels: 0 })
  })
})

test('a log that cannot be followed is reported, and the hub stays down', async () => {
  const log = new FaultyLog()
  log.follow = () => Promise.reject(new Error('no log'))
  const onError = jest.fn()
  const hub = createHub({ log, onError })
  await eventually('the report', () => onError.mock.calls.length > 0)
  expect(onError.mock.calls).toEqual([[expect.objectContaining({ message: 'no log' })]])
  expect(hub.stats().log).toBe('down')
  await hub.close()
})

describe('a function of the app that throws', () => {
  test.each<[name: string, of: (fail: () => never) => SubscribeOptions]>([
    ['filter', (fail) => ({ filter: ({ data }) => (data === 'bad' ? fail() : true) })],
    ['coalesce', (fail) => ({ coalesce: ({ data }) => (data === 'bad' ? fail() : data) })],
  ])('%s ends its own stream and is reported once; the others continue', async (_, of) => {
    const onError = jest.fn()
    const hub = createHub({ onError })
    const error = new Error('thrown')
    const options = of(() => {
      throw error
    })
    const { stream } = follow(hub, 'news', options)
    const { stream: other } = follow(hub, 'news')
    // The client reads too slowly, so that there is something to coalesce.
    stream.room = 0
    hub.publish('news', { data: 'good' })
    await settle()
    for (const data of ['bad', 'bad', 'more']) hub.publish('news', { data })
    await settle()
    stream.flow()
    await settle()
    expect(stream.code).toBe('ERR_SSE_SOURCE_FAILED')
    expect(stream.cause).toBe(error)
    expect(onError.mock.calls).toEqual([[error]])
    expect(dataOf(other)).toEqual(['good', 'bad', 'bad', 'more'])
    expect(hub.stats()).toMatchObject({ streams: 1 })
  })

  test('is a process warning without an onError', async () => {
    const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const hub = createHub()
    follow(hub, 'news', {
      filter: () => {
        throw new Error('thrown')
      },
    })
    hub.publish('news', { data: 1 })
    await settle()
    expect(emitWarning.mock.calls).toEqual([[expect.objectContaining({ message: 'thrown' })]])
    emitWarning.mockRestore()
  })
})

test('a filter receives channel, name and text, for its own channels only', async () => {
  const hub = createHub()
  const seen: unknown[] = []
  const { stream } = follow(hub, ['a', 'b'], {
    filter: ({ channel, event, data }) => {
      seen.push([channel, event, data])
      return channel === 'b'
    },
  })
  hub.publish('a', { event: 'x', data: { n: 1 } })
  hub.publish('b', { data: 'text' })
  hub.publish('c', { data: 'other' })
  await settle()
  expect(seen).toEqual([
    ['a', 'x', '{"n":1}'],
    ['b', undefined, 'text'],
  ])
  expect(dataOf(stream)).toEqual(['text'])
})

describe('disconnecting', () => {
  const hubOf = () => {
    const hub = createHub()
    const streams = ['ann', 'bob', 'ann', undefined].map((key) => follow(hub, 'news', { key }).stream)
    return { hub, streams }
  }

  test('by key closes the streams of that key, and resolves when the log has stored it', async () => {
    const { hub, streams } = hubOf()
    await hub.disconnect('ann')
    expect(streams.map(({ code }) => code)).toEqual([
      'ERR_SSE_CLOSED',
      undefined,
      'ERR_SSE_CLOSED',
      undefined,
    ])
    await hub.disconnect('ann')
    expect(hub.stats()).toMatchObject({ streams: 2, published: 0 })
  })

  test.each([[42], [undefined], [null], ['\uD800']])('by %p is refused', (key) => {
    const { hub, streams } = hubOf()
    expect(() => hub.disconnect(key as string)).toThrow(
      expect.objectContaining({ code: 'ERR_SSE_INVALID_OPTION' }),
    )
    expect(streams.some(({ closed }) => closed)).toBe(false)
  })

  test('by a predicate that returns a promise is refused, and closes nothing', () => {
    const { hub, streams } = hubOf()
    expect(() => hub.disconnect((async () => false) as unknown as () => boolean)).toThrow(
      expect.objectContaining({ code: 'ERR_SSE_INVALID_OPTION' }),
    )
    expect(streams.some(({ closed }) => closed)).toBe(false)
  })

  test('by key reaches the hubs of other processes, in order', async () => {
    const engine = new MemoryLog()
    const hubs = [1, 2, 3, 4].map(() => createHub({ log: new SharedLog(engine) }))
    const streams = hubs.map((hub) => follow(hub, 'news', { key: 'ann' }).stream)
    const other = follow(hubs[3] as Hub, 'news', { key: 'bob' }).stream
    await (hubs[0] as Hub).publish('news', { data: 'farewell' })
    await (hubs[0] as Hub).disconnect('ann')
    await settle()
    expect(streams.map(dataOf)).toEqual(streams.map(() => ['farewell']))
    expect(streams.every(({ code }) => code === 'ERR_SSE_CLOSED')).toBe(true)
    expect(other.closed).toBe(false)
  })

  test('by key closes a stream that a process opens before it has read the entry', async () => {
    const engine = new MemoryLog()
    const log = new SharedLog(engine)
    const lagging = createHub({ log })
    const release = log.hold('entries')
    const late = new SharedLog(engine)
    late.down()
    const starting = createHub({ log: late, onError: () => {} })
    await createHub({ log: new SharedLog(engine) }).disconnect('ann')
    const streams = [lagging, starting].map((hub) => follow(hub, 'news', { key: 'ann' }).stream)
    release()
    late.up()
    await starting.ready()
    expect(streams.map(({ code }) => code)).toEqual(['ERR_SSE_CLOSED', 'ERR_SSE_CLOSED'])
    // A stream opened after that belongs to a new login.
    const after = follow(lagging, 'news', { key: 'ann' }).stream
    await settle()
    expect(after.closed).toBe(false)
  })

  test('by key, while the log is unavailable, closes the streams of this process at once and the others later', async () => {
    const engine = new MemoryLog()
    const logs = [new SharedLog(engine), new SharedLog(engine)] as const
    const hubs = logs.map((log) => createHub({ log, onError: () => {} }))
    const [own, others] = hubs.map((hub) => follow(hub, 'news', { key: 'ann' }).stream)
    for (const log of logs) log.down()
    const disconnected = (hubs[0] as Hub).disconnect('ann')
    await settle()
    expect([own?.closed, others?.closed]).toEqual([true, false])
    for (const log of logs) log.up()
    await disconnected
    expect(others?.closed).toBe(true)
  })

  test('by key rejects when the hub is closed before the log has stored it', async () => {
    const log = new SharedLog(new MemoryLog())
    const hub = createHub({ log, onError: () => {} })
    log.down()
    const disconnected = hub.disconnect('ann')
    await hub.close()
    await expect(disconnected).rejects.toMatchObject({ code: 'ERR_SSE_HUB_CLOSED' })
  })

  test('a message of a later version is reported once, and no stream receives it', async () => {
    const log = new MemoryLog()
    const onError = jest.fn()
    const hub = createHub({ log, onError })
    const { stream } = follow(hub, 'news')
    for (let n = 0; n < 3; n++) await log.append({ channels: [], event: 'mute', data: 'ann' })
    await settle()
    expect(onError).toHaveBeenCalledTimes(1)
    expect(onError.mock.calls[0]?.[0].message).toContain('mute')
    expect([stream.closed, dataOf(stream)]).toEqual([false, []])
  })

  test('by a predicate, which receives stream and key, closes what it selects', () => {
    const { hub, streams } = hubOf()
    expect(hub.disconnect((stream, key) => key === undefined || stream === streams[1])).toBe(2)
    expect(streams.map(({ closed }) => closed)).toEqual([false, true, false, true])
  })

  test('delivers first what was published before, to these and to others', async () => {
    const { hub, streams } = hubOf()
    await hub.publish('news', { data: 'farewell' })
    await hub.disconnect('ann')
    expect(streams.slice(0, 1).map(dataOf)).toEqual([['farewell']])
    await settle()
    expect(streams.map(dataOf)).toEqual(streams.map(() => ['farewell']))
  })

  test('by a predicate that throws closes nothing', () => {
    const { hub, streams } = hubOf()
    expect(() =>
      hub.disconnect(() => {
        throw new Error('thrown')
      }),
    ).toThrow('thrown')
    expect(streams.some(({ closed }) => closed)).toBe(false)
  })
})

describe('an event on several channels', () => {
  test('is stored once, and reaches each stream once, even a stream of all its channels', async () => {
    const hub = createHub()
    const after = hub.cursor()
    const lists = [['user:1'], ['user:2', 'user:3'], ['user:1', 'user:2', 'news'], ['news']]
    const live = lists.map((channels) => follow(hub, channels).stream)
    const id = await hub.publish(['user:1', 'user:2', 'user:1'], { data: 'hello' })
    const returned = lists.map((channels) => follow(hub, channels, { lastEventId: after }).stream)
    await settle()
    for (const streams of [live, returned])
      expect(streams.map(dataOf)).toEqual([['hello'], ['hello'], ['hello'], []])
    expect(live[0]?.events.at(-1)?.id).toBe(id)
    expect(hub.stats()).toMatchObject({ published: 1, delivered: 6 })
  })

  test('reaches each stream once when it is read from the log, too', async () => {
    const hub = createHub({ tail: { length: 1 } })
    const after = hub.cursor()
    await hub.publish(['user:1', 'user:2'], { data: 'first' })
    await hub.publish(['user:2', 'user:3'], { data: 'second' })
    await hub.publish('other', { data: 'other' })
    const { stream } = follow(hub, ['user:1', 'user:2'], { lastEventId: after })
    await settle(8)
    expect(dataOf(stream)).toEqual(['first', 'second'])
  })

  test('has, in a filter, the first of its channels that the stream follows', async () => {
    const hub = createHub()
    const seen: string[] = []
    const filter = ({ channel }: { channel: string }) => seen.push(channel) > 0
    follow(hub, ['c', 'b'], { filter })
    await hub.publish(['a', 'b', 'c'], { data: 1 })
    await settle()
    expect(seen).toEqual(['b'])
  })

  test.each<[what: string, channels: string[]]>([
    ['no channel', []],
    ['a channel without a name', ['a', '']],
    ['a lone surrogate', ['a', '\uDBFF']],
    ['more than 10 000', Array.from({ length: 10_001 }, (_, n) => String(n))],
  ])('is refused for %s', (_, channels) => {
    expect(() => createHub().publish(channels, { data: 1 })).toThrow(
      expect.objectContaining({ code: 'ERR_SSE_INVALID_CHANNEL' }),
    )
  })

  test('may have 10 000 channels', async () => {
    const hub = createHub()
    const { stream } = follow(hub, '9999')
    await hub.publish(
      Array.from({ length: 10_000 }, (_, n) => String(n)),
      { data: 'x' },
    )
    await settle()
    expect(dataOf(stream)).toEqual(['x'])
  })
})

describe('closing', () => {
  test('makes every client reconnect after 1 to 5 s, not all at once, and closes the log', async () => {
    const log = new FaultyLog()
    const close = jest.spyOn(log, 'close')
    const hub = createHub({ log })
    const streams = Array.from({ length: 20 }, () => follow(hub, 'news').stream)
    await hub.close()
    expect(streams.every(({ code }) => code === 'ERR_SSE_SHUTDOWN')).toBe(true)
    const retries = streams.map(({ retry }) => retry as number)
    expect(Math.min(...retries)).toBeGreaterThanOrEqual(1_000)
    expect(Math.max(...retries)).toBeLessThanOrEqual(5_000)
    expect(new Set(retries).size).toBeGreaterThan(1)
    expect(close).toHaveBeenCalledTimes(1)
    expect(hub.stats()).toMatchObject({ streams: 0, channels: 0 })
  })

  test('with a drain spreads the ends, and clients that are ended early reconnect later', async () => {
    const hub = createHub()
    const streams = Array.from({ length: 12 }, () => follow(hub, 'news').stream)
    const open: number[] = []
    const closed = hub.close({ drain: 300 })
    const isOpen = () => streams.filter((stream) => !stream.closed).length
    await eventually('all of them disconnected', () => {
      open.push(isOpen())
      return isOpen() === 0
    })
    expect(new Set(open).size).toBeGreaterThan(2)
    await closed
    for (const { retry } of streams) {
      expect(retry).toBeGreaterThanOrEqual(1_000)
      expect(retry).toBeLessThanOrEqual(5_300)
    }
  })

  test('streams that subscribe during it or after it are told to reconnect', async () => {
    const hub = createHub()
    follow(hub, 'news')
    const closing = hub.close({ drain: 100 })
    const during = follow(hub, 'news').stream
    await closing
    const after = follow(hub, 'news', { lastEventId: 'no cursor' }).stream
    for (const stream of [during, after]) {
      expect(stream.code).toBe('ERR_SSE_SHUTDOWN')
      expect(stream.text).toMatch(/^retry: \d{4}\n$/)
    }
    expect(hub.stats()).toMatchObject({ streams: 0, channels: 0 })
  })

  test('with a drain continues to deliver to the remaining streams', async () => {
    const hub = createHub()
    const streams = Array.from({ length: 4 }, () => follow(hub, 'news').stream)
    const closing = hub.close({ drain: 200 })
    await hub.publish('news', { data: 'during' })
    await closing
    const got = streams.filter((stream) => dataOf(stream).length > 0)
    expect(got.length).toBeGreaterThan(0)
    expect(got.length).toBeLessThan(streams.length)
  })

  test('publishing after it rejects, and the rejection need not be caught', async () => {
    const hub = createHub()
    await hub.close()
    void hub.publish('news', { data: 1 })
    await expect(hub.publish('news', { data: 1 })).rejects.toMatchObject({ code: 'ERR_SSE_HUB_CLOSED' })
    await settle()
  })

  test('called twice returns the same promise', async () => {
    const hub = createHub()
    const first = hub.close()
    expect(hub.close({ drain: 1_000 })).toBe(first)
    await first
  })

  test.each([[-1], [Number.NaN], ['100'], [null]])('with a bad drain is refused: %p', async (drain) => {
    const hub = createHub()
    const { stream } = follow(hub, 'news')
    expect(() => hub.close({ drain: drain as number })).toThrow(
      expect.objectContaining({ code: 'ERR_SSE_INVALID_OPTION' }),
    )
    await expect(hub.publish('news', { data: 1 })).resolves.toEqual(expect.any(String))
    await settle()
    expect(dataOf(stream)).toEqual(['1'])
  })

  test('delivers what was published before, without waiting for a turn', async () => {
    const hub = createHub()
    const { stream } = follow(hub, 'news')
    const { stream: resuming } = follow(hub, 'news', { lastEventId: hub.cursor() })
    await hub.publish('news', { data: 'last' })
    await hub.close()
    for (const { text } of [stream, resuming]) expect(text).toMatch(/data: last\n\nretry: \d{4}\n$/)
  })

  test('reports no error while a client is catching up from the log', async () => {
    const onError = jest.fn()
    const log = new FaultyLog()
    const hub = createHub({ log, onError, tail: { length: 1 } })
    const after = hub.cursor()
    for (let n = 0; n < 3; n++) await hub.publish('news', { data: n })
    log.readsHeld = true
    const { stream } = follow(hub, 'news', { lastEventId: after })
    await settle()
    await hub.close()
    await settle()
    expect(stream.code).toBe('ERR_SSE_SHUTDOWN')
    expect(onError).not.toHaveBeenCalled()
  })

  test('disconnects a client that does not read', async () => {
    const hub = createHub()
    const { stream } = follow(hub, 'news')
    stream.room = 0
    await hub.publish('news', { data: 'unread' })
    await settle()
    await hub.close()
    expect(stream.finished).toBe(true)
  })
})

test('an entry of a shared log that cannot be sent is reported and skipped, and stops no stream', async () => {
  const log = new MemoryLog()
  const onError = jest.fn()
  const hub = createHub({ log, onError })
  const { stream } = follow(hub, 'news')
  await log.append({ channels: ['news'], event: 'a\nb', data: 'forged' })
  await hub.publish('news', { data: 'good' })
  await settle()
  expect(dataOf(stream)).toEqual(['good'])
  expect(onError).toHaveBeenCalledTimes(1)
  expect(onError).toHaveBeenCalledWith(expect.objectContaining({ code: 'ERR_SSE_INVALID_EVENT_NAME' }))
})

test('a hub without options has its own log', async () => {
  const options: HubOptions = {}
  const hub = createHub(options)
  await hub.ready()
  expect(hub.stats().log).toBe('up')
  await hub.close()
})
