import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '@downstream/testing'
import type { Gap } from '../../src/hub/control-event.ts'
import { createHub } from '../../src/hub/create-hub.ts'
import type { Hub, HubOptions } from '../../src/hub/hub.ts'
import { MemoryLog } from '../../src/log/memory-log.ts'
import { useFakeClock, useRealClock } from '../stream/fake-clock.ts'
import { FakePort } from './fake-port.ts'
import { FaultyLog } from './faulty-log.ts'
import { settle } from './settle.ts'

const gapsOf = ({ events }: FakePort) =>
  events.filter(({ event }) => event === 'gap').map(({ data }) => (JSON.parse(data) as Gap).reason)
const shortOf = ({ events }: FakePort) => events.map(({ event, data }) => `${event} ${data}`)

let state: Record<string, unknown>
const readState = jest.fn((channel: string): unknown => state[channel])

beforeEach(() => {
  readState.mockReset().mockImplementation((channel) => state[channel])
  state = { prices: { a: 1 }, news: ['old'] }
})

function subscribe(hub: Hub, lastEventId?: string, channels = ['prices', 'news'], after?: string): FakePort {
  const stream = new FakePort(lastEventId)
  hub.subscribe(stream, channels, { snapshot: readState, after })
  return stream
}

describe('a client without a cursor', () => {
  test.each([undefined, ''])(
    '(after: %p) gets the state of its channels, then the events after it',
    async (after) => {
      const hub = createHub()
      const cursor = await hub.publish('prices', { data: 'before' })
      const stream = subscribe(hub, undefined, undefined, after)
      const id = await hub.publish('prices', { event: 'price', data: { a: 2 } })
      await settle()
      expect(stream.events).toEqual([
        { event: 'snapshot', data: '{"prices":{"a":1},"news":["old"]}', id: cursor },
        { event: 'price', data: '{"a":2}', id },
      ])
      expect(hub.stats().gaps).toBe(0)
    },
  )

  test('gets the events that were published while the state was read, though the state may have them', async () => {
    const hub = createHub()
    readState.mockImplementation(async (channel) => {
      await hub.publish('prices', { data: 'meanwhile' })
      return state[channel]
    })
    const stream = subscribe(hub, undefined, ['prices'])
    await settle()
    expect(shortOf(stream)).toEqual(['snapshot {"prices":{"a":1}}', 'message meanwhile'])
  })

  test('gets those events from the log if reading the state took longer than the tail holds', async () => {
    const hub = createHub({ tail: { length: 2 } })
    readState.mockImplementationOnce(async () => {
      for (let n = 0; n < 10; n++) await hub.publish('prices', { data: n })
    })
    const stream = subscribe(hub, undefined, ['prices'])
    await eventually('all events', () => stream.events.length === 11)
    expect(shortOf(stream)).toEqual(['snapshot {}', ...Array.from({ length: 10 }, (_, n) => `message ${n}`)])
  })

  test('gets a bookmark first if the hub has no state for it', () => {
    const hub = createHub()
    const stream = new FakePort()
    hub.subscribe(stream, 'prices')
    expect(shortOf(stream)).toEqual(['bookmark '])
  })
})

describe('a client with a cursor', () => {
  test('that is still held gets the events after it and no state', async () => {
    const hub = createHub()
    const id = await hub.publish('prices', { data: 1 })
    await hub.publish('prices', { data: 2 })
    const stream = subscribe(hub, id)
    await settle()
    expect(shortOf(stream)).toEqual(['message 2'])
    expect(readState).not.toHaveBeenCalled()
  })

  test.each(['nonsense', '0123456789ab-7'])(
    '(%s) that would get a gap gets the state instead',
    async (id) => {
      const hub = createHub()
      const stream = subscribe(hub, id)
      await eventually('the state', () => stream.events.length > 0)
      expect(stream.events).toEqual([
        { event: 'snapshot', data: '{"prices":{"a":1},"news":["old"]}', id: hub.cursor() },
      ])
    },
  )

  test('that was dropped from the log because the client reads too slowly, gets the state', async () => {
    const hub = createHub({ log: new MemoryLog({ length: 3 }), tail: { length: 2 } })
    const stream = subscribe(hub, hub.cursor(), ['prices'])
    stream.room = 0
    for (let n = 0; n < 20; n++) {
      await hub.publish('prices', { data: n })
      await settle()
    }
    stream.flow()
    await eventually('the state', () => stream.events.some(({ event }) => event === 'snapshot'))
    await hub.publish('prices', { data: 'after' })
    await settle()
    expect(gapsOf(stream)).toEqual([])
    expect(shortOf(stream).at(-1)).toBe('message after')
  })

  test('gets the state when the log is reset', async () => {
    const log = new FaultyLog()
    const hub = createHub({ log })
    await hub.ready()
    const stream = subscribe(hub, hub.cursor(), ['prices'])
    await settle()
    log.restart()
    await eventually('the state', () => stream.events.length > 0)
    expect(shortOf(stream)).toEqual(['snapshot {"prices":{"a":1}}'])
    expect(stream.events[0]?.id).toBe(hub.cursor())
  })

  test.each([
    ['at once', 0],
    ['later', 4],
  ])('gets one state if the log is reset while it is read, and the answer comes %s', async (_, turns) => {
    const answers: ((state: string) => void)[] = []
    readState.mockImplementation(() => new Promise((resolve) => answers.push(resolve)))
    const log = new FaultyLog()
    const hub = createHub({ log })
    const stream = subscribe(hub, undefined, ['prices'])
    await settle()
    log.restart()
    await settle(turns)
    answers[0]?.('before')
    await settle()
    answers[1]?.('now')
    await settle()
    expect(shortOf(stream)).toEqual(['snapshot {"prices":"now"}'])
    expect(stream.events[0]?.id).toBe(hub.cursor())
  })
})

test('a state that is undefined leaves its channel out', async () => {
  state = { news: null }
  const stream = subscribe(createHub())
  await settle()
  expect(shortOf(stream)).toEqual(['snapshot {"news":null}'])
})

test('filters apply to the events after the state, not to the state', async () => {
  const hub = createHub()
  const stream = new FakePort()
  hub.subscribe(stream, 'prices', { snapshot: readState, filter: ({ data }) => data === 'yes' })
  await settle()
  for (const data of ['no', 'yes']) await hub.publish('prices', { data })
  await settle()
  expect(shortOf(stream)).toEqual(['snapshot {"prices":{"a":1}}', 'message yes'])
})

test('the event has the name that the app chose and the text from its serialize', async () => {
  const hub = createHub({
    controlEvents: { snapshot: 'state' },
    serialize: (data) => `<${JSON.stringify(data)}>`,
  })
  const stream = subscribe(hub, undefined, ['news'])
  await settle()
  expect(shortOf(stream)).toEqual(['state <{"news":["old"]}>'])
})

describe('the reads', () => {
  test('of one function and channel are shared while one is in progress and for snapshotMaxAge', async () => {
    const hub = createHub()
    const streams = Array.from({ length: 1_000 }, (_, n) =>
      subscribe(hub, undefined, n % 2 ? ['prices'] : ['news', 'prices']),
    )
    await settle()
    expect(streams.every(({ events }) => events[0]?.event === 'snapshot')).toBe(true)
    await hub.publish('prices', { data: 'later' })
    const late = subscribe(hub, undefined, ['prices'])
    await settle()
    expect(shortOf(late)).toEqual(['snapshot {"prices":{"a":1}}', 'message later'])
    expect(readState.mock.calls.flat().sort()).toEqual(['news', 'prices'])
  })

  test('are repeated after snapshotMaxAge', async () => {
    const hub = createHub({ snapshotMaxAge: 20 })
    for (let calls = 1; calls <= 3; calls++) {
      const stream = subscribe(hub, undefined, ['prices'])
      await eventually('the state', () => stream.events.length === 1)
      expect(readState).toHaveBeenCalledTimes(calls)
      await sleep(100)
    }
  })

  test('are repeated after a second by default', async () => {
    useFakeClock()
    try {
      const hub = createHub()
      const callsAfter = async (ms: number) => {
        await jest.advanceTimersByTimeAsync(ms)
        subscribe(hub, undefined, ['prices'])
        await settle()
        return readState.mock.calls.length
      }
      expect([await callsAfter(0), await callsAfter(990), await callsAfter(20)]).toEqual([1, 1, 2])
    } finally {
      useRealClock()
    }
  })

  test('are repeated when their cursor has left the tail', async () => {
    const hub = createHub({ tail: { length: 2 } })
    subscribe(hub, undefined, ['prices'])
    await settle()
    for (let n = 0; n < 5; n++) await hub.publish('prices', { data: n })
    subscribe(hub, undefined, ['prices'])
    await settle()
    expect(readState).toHaveBeenCalledTimes(2)
  })

  test('cost one call per channel and second while 10 000 clients reconnect after a restart', async () => {
    useFakeClock()
    try {
      const hub = createHub()
      const streams: FakePort[] = []
      const seconds = 5
      // Ids of another log: these clients would get a gap. Those without an id are new pages.
      const ids = ['0123456789ab-7', undefined]
      for (let tenth = 0; tenth < 10 * seconds; tenth++) {
        for (let n = 0; n < 200; n++) streams.push(subscribe(hub, ids[n % 2]))
        if (tenth % 10 === 5) await hub.publish('prices', { data: tenth })
        await settle()
        await jest.advanceTimersByTimeAsync(100)
      }
      expect(streams).toHaveLength(10_000)
      const names = streams.map((stream) => stream.events.map(({ event }) => event))
      expect(names.every(([first, ...others]) => first === 'snapshot' && !others.includes('snapshot'))).toBe(
        true,
      )
      expect(names.flat()).not.toContain('gap')
      for (const channel of ['prices', 'news']) {
        const calls = readState.mock.calls.filter(([read]) => read === channel)
        // One reading per second, and the first one.
        expect(calls.length).toBeLessThanOrEqual(seconds + 1)
      }
    } finally {
      useRealClock()
    }
  })

  test('of different functions are not shared', async () => {
    const hub = createHub()
    for (const mine of ['a', 'b']) {
      const stream = new FakePort()
      hub.subscribe(stream, 'prices', { snapshot: () => mine })
      await settle()
      expect(shortOf(stream)).toEqual([`snapshot {"prices":"${mine}"}`])
    }
  })

  test.each(['prices', 'news'])(
    'of several channels have the cursor from before the first of them: %s',
    async (first) => {
      const hub = createHub()
      subscribe(hub, undefined, [first])
      await settle()
      const before = hub.cursor()
      await hub.publish('news', { data: 'in between' })
      const stream = subscribe(hub)
      await settle()
      expect(stream.events[0]).toMatchObject({ event: 'snapshot', id: before })
      expect(shortOf(stream).at(-1)).toBe('message in between')
    },
  )
})

describe('when the state cannot be read', () => {
  const errors: unknown[] = []
  const options: HubOptions = { snapshotTimeout: 50, onError: (error) => errors.push(error) }
  const broken = new Error('no database')

  beforeEach(() => {
    errors.length = 0
  })

  test.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw broken
      },
    ],
    ['rejects', () => Promise.reject(broken)],
  ])('because the function %s, clients get the gap, and onError is called once', async (_, read) => {
    readState.mockImplementation(read)
    const hub = createHub(options)
    const streams = ['nonsense', '', 'more nonsense'].map((id) => subscribe(hub, id, ['prices']))
    await eventually('the gaps', () => streams.every(({ events }) => events.length > 0))
    expect(streams.map(gapsOf)).toEqual([['malformed'], ['no-snapshot'], ['malformed']])
    expect(errors).toEqual([broken])
    await hub.publish('prices', { data: 'goes on' })
    await settle()
    expect(streams.map((stream) => shortOf(stream).at(-1))).toEqual(Array(3).fill('message goes on'))
  })

  test('because the function takes too long, clients get the gap, and onError is called', async () => {
    readState.mockImplementation(() => new Promise(() => {}))
    const stream = subscribe(createHub(options), undefined, ['prices'])
    await eventually('the gap', () => stream.events.length > 0)
    expect(gapsOf(stream)).toEqual(['no-snapshot'])
    expect(errors).toMatchObject([{ code: 'ERR_SSE_SNAPSHOT_TIMEOUT' }])
  })

  test('because the function takes longer than ten seconds, the default', async () => {
    useFakeClock()
    try {
      readState.mockImplementation(() => new Promise(() => {}))
      const stream = subscribe(createHub({ onError: (error) => errors.push(error) }), undefined, ['prices'])
      await jest.advanceTimersByTimeAsync(9_990)
      await settle()
      expect(stream.events).toEqual([])
      await jest.advanceTimersByTimeAsync(20)
      await settle()
      expect(gapsOf(stream)).toEqual(['no-snapshot'])
    } finally {
      useRealClock()
    }
  })

  test('because it cannot be JSON, clients get the gap', async () => {
    state = { prices: 1n }
    const streams = [undefined, undefined].map(() => subscribe(createHub(options), undefined, ['prices']))
    await eventually('the gaps', () => streams.every(({ events }) => events.length > 0))
    expect(streams.map(gapsOf)).toEqual([['no-snapshot'], ['no-snapshot']])
  })

  test('a stream that has ended in the meantime gets nothing', async () => {
    readState.mockImplementation(() => sleep(20, 'late'))
    const hub = createHub()
    const stream = subscribe(hub)
    stream.close()
    await sleep(60)
    expect(stream.events).toEqual([])
    expect(hub.stats().streams).toBe(0)
  })
})

test('a long poll ends with the state', async () => {
  const hub = createHub()
  const poll = new FakePort()
  poll.polls = true
  hub.subscribe(poll, 'prices', { snapshot: readState })
  await eventually('the end', () => poll.closed)
  expect(shortOf(poll)).toEqual(['snapshot {"prices":{"a":1}}'])
})
