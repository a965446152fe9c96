import { setImmediate as nextTurn } from 'node:timers/promises'
import { eventually } from '@downstream/testing'
import type { Gap } from '../../src/hub/control-event.ts'
import { createHub } from '../../src/hub/create-hub.ts'
import { begin } from '../stream/begin.ts'
import { useFakeClock, useRealClock } from '../stream/fake-clock.ts'
import { FakePort } from './fake-port.ts'
import { FaultyLog } from './faulty-log.ts'
import { settle } from './settle.ts'

const namesOf = ({ events }: FakePort) => events.map(({ event }) => event)
const dataOf = ({ events }: FakePort) =>
  events.filter(({ event }) => event === 'message').map(({ data }) => data)
const gapsOf = ({ events }: FakePort) =>
  events.filter(({ event }) => event === 'gap').map(({ data }) => (JSON.parse(data) as Gap).reason)

describe('a bookmark', () => {
  test('is what a new stream gets first', () => {
    const hub = createHub()
    const stream = new FakePort()
    hub.subscribe(stream, 'news')
    expect(stream.events).toEqual([{ event: 'bookmark', data: '', id: hub.cursor() }])
  })

  test('comes with the keep-alive when the cursor of the hub has moved, and only then', async () => {
    const hub = createHub()
    const stream = new FakePort()
    hub.subscribe(stream, 'news')
    stream.wake()
    expect(namesOf(stream)).toEqual(['bookmark'])
    await hub.publish('other', { data: 1 })
    stream.wake()
    stream.wake()
    expect(stream.events.map(({ id }) => id).slice(1)).toEqual([hub.cursor()])
    await hub.publish('news', { data: 2 })
    await settle()
    stream.wake()
    expect(namesOf(stream)).toEqual(['bookmark', 'bookmark', 'message'])
  })

  test('prevents a gap for a client that receives nothing', async () => {
    const hub = createHub({ tail: { length: 2 } })
    const stream = new FakePort()
    hub.subscribe(stream, 'news')
    for (let n = 0; n < 20; n++) await hub.publish('other', { data: n })
    stream.wake()
    stream.cut()
    const again = new FakePort(stream.events.at(-1)?.id)
    hub.subscribe(again, 'news')
    await hub.publish('news', { data: 'next' })
    await settle()
    expect(namesOf(again)).toEqual(['message'])
  })

  test('is sent to a client that reconnects when there is nothing new for it', async () => {
    const hub = createHub()
    const id = await hub.publish('news', { data: 1 })
    await hub.publish('other', { data: 2 })
    const stream = new FakePort(id)
    hub.subscribe(stream, 'news')
    await settle()
    expect(stream.events).toEqual([{ event: 'bookmark', data: '', id: hub.cursor() }])
    const current = new FakePort(hub.cursor())
    hub.subscribe(current, 'news')
    await settle()
    expect(current.text).toBe('')
  })

  test('is not sent before events that wait for their turn', async () => {
    const hub = createHub()
    const stream = new FakePort()
    hub.subscribe(stream, 'news')
    hub.publish('news', { data: 1 })
    hub.publish('other', { data: 2 })
    stream.wake()
    await settle()
    expect(namesOf(stream)).toEqual(['bookmark', 'message'])
  })

  test('is not sent while the client reads too slowly', async () => {
    const hub = createHub()
    const stream = new FakePort()
    hub.subscribe(stream, 'news')
    stream.room = 0
    await hub.publish('news', { data: 1 })
    await settle()
    await hub.publish('news', { data: 2 })
    await settle()
    expect(hub.stats().lagging).toBe(1)
    stream.wake()
    expect(namesOf(stream)).toEqual(['bookmark', 'message'])
    stream.flow()
    await settle()
    expect(namesOf(stream)).toEqual(['bookmark', 'message', 'message'])
    expect(hub.stats().lagging).toBe(0)
  })

  test('is not sent while the log is read', async () => {
    const log = new FaultyLog()
    const hub = createHub({ log, tail: { length: 1 } })
    const after = hub.cursor()
    for (let n = 0; n < 3; n++) await hub.publish('news', { data: n })
    log.readsHeld = true
    const stream = new FakePort(after)
    hub.subscribe(stream, 'news')
    await settle()
    stream.wake()
    expect(stream.text).toBe('')
    log.releaseReads()
    await settle()
    expect(dataOf(stream)).toEqual(['0', '1', '2'])
  })

  test('comes between what a stream sends by itself, too', async () => {
    useFakeClock()
    try {
      const hub = createHub()
      const { stream, port, target } = begin({ keepAlive: 1_000 })
      hub.subscribe(stream, 'news')
      await hub.publish('other', { data: 1 })
      for (let passed = 0; passed < 2_000; passed += 100) {
        stream.send('own')
        jest.advanceTimersByTime(100)
        await nextTurn()
      }
      expect(target.text.split(`id: ${hub.cursor()}\n`)).toHaveLength(2)
      expect(target.text).not.toContain(':\n\n:')
      port.onResponseClose()
    } finally {
      useRealClock()
    }
  })

  test.each<[what: string, bookmark: string | false, names: string[]]>([
    ['has another name', 'here', ['here', 'message', 'here']],
    ['is not sent at all', false, ['message']],
  ])('%s when the hub’s options say so', async (_, bookmark, names) => {
    const hub = createHub({ controlEvents: { bookmark } })
    const stream = new FakePort()
    hub.subscribe(stream, 'news')
    await hub.publish('news', { data: 1 })
    await settle()
    await hub.publish('other', { data: 2 })
    stream.wake()
    expect(namesOf(stream)).toEqual(names)
  })
})

describe('a client that reads too slowly', () => {
  test('has nothing queued for it, and gets all that the tail still holds', async () => {
    const hub = createHub()
    const stream = new FakePort()
    hub.subscribe(stream, 'news')
    stream.room = 0
    for (let n = 0; n < 100; n++) {
      await hub.publish('news', { data: n })
      await settle(1)
    }
    // One event has been written; the others are in the tail.
    expect(dataOf(stream)).toEqual(['0'])
    stream.flow()
    await settle()
    expect(dataOf(stream)).toEqual(Array.from({ length: 100 }, (_, n) => String(n)))
  })

  test('gets from the log what the tail has dropped', async () => {
    const log = new FaultyLog({ length: 100 })
    const hub = createHub({ log, tail: { length: 3 } })
    const stream = new FakePort()
    hub.subscribe(stream, 'news')
    stream.room = 0
    for (let n = 0; n < 50; n++) {
      await hub.publish('news', { data: n })
      await settle(1)
    }
    log.pageLength = 10
    for (let reads = 0; reads < 50; reads++) {
      stream.read()
      await settle()
    }
    expect(dataOf(stream)).toEqual(Array.from({ length: 50 }, (_, n) => String(n)))
    expect(hub.stats()).toMatchObject({ gaps: 0, lagging: 0 })
  })

  test('gets one gap if the log has dropped it too, and continues with the oldest entry held', async () => {
    const log = new FaultyLog({ length: 5 })
    const hub = createHub({ log, tail: { length: 3 } })
    const stream = new FakePort()
    hub.subscribe(stream, 'news')
    stream.room = 0
    for (let n = 0; n < 50; n++) {
      await hub.publish('news', { data: n })
      await settle(1)
    }
    stream.flow()
    await settle()
    expect(dataOf(stream)).toEqual(['0', '47', '48', '49'])
    expect(gapsOf(stream)).toEqual(['slow'])
    expect(namesOf(stream).slice(0, 3)).toEqual(['bookmark', 'message', 'gap'])
    expect(hub.stats().gaps).toBe(1)
  })

  test.each<[from: string, tail: number]>([
    ['the tail', 200],
    ['the log', 2],
  ])('gets no more than about 64 KiB at once from %s', async (_, length) => {
    const hub = createHub({ tail: { length } })
    const stream = new FakePort(hub.cursor())
    for (let n = 0; n < 100; n++) await hub.publish('news', { data: `${n} ${'x'.repeat(8_000)}` })
    stream.room = 0
    hub.subscribe(stream, 'news')
    let most = 0
    for (let turn = 0; turn < 50 && dataOf(stream).length < 100; turn++) {
      await settle()
      most = Math.max(most, stream.bufferedBytes)
      stream.read()
    }
    const got = dataOf(stream).map((data) => Number.parseInt(data, 10))
    expect(got).toEqual(Array.from({ length: 100 }, (_, n) => n))
    expect(most).toBeGreaterThan(60_000)
    expect(most).toBeLessThan(65_536 + 8_100)
  })

  test('is not confused with one that has received nothing for long, whose cursor moves with the hub', async () => {
    const hub = createHub({ log: new FaultyLog({ length: 6 }), tail: { length: 2 } })
    const stream = new FakePort()
    hub.subscribe(stream, 'news')
    for (let n = 0; n < 20; n++) await hub.publish('other', { data: n })
    // More in one tick than the tail holds, but not more than the log holds.
    hub.publish('news', { data: 'news' })
    for (let n = 0; n < 3; n++) hub.publish('other', { data: n })
    await settle()
    expect(namesOf(stream)).toEqual(['bookmark', 'message'])
  })

  test('gets no gap if only events of other channels were published in the meantime', async () => {
    const hub = createHub({ log: new FaultyLog({ length: 4 }), tail: { length: 2 } })
    const stream = new FakePort()
    hub.subscribe(stream, 'news')
    stream.room = 0
    await hub.publish('news', { data: 'unread' })
    await settle()
    for (let n = 0; n < 20; n++) await hub.publish('other', { data: n })
    await hub.publish('news', { data: 'news' })
    stream.flow()
    await settle()
    expect(gapsOf(stream)).toEqual([])
    expect(dataOf(stream)).toEqual(['unread', 'news'])
  })

  test('is counted when it is disconnected for it', () => {
    const hub = createHub()
    const stream = new FakePort()
    hub.subscribe(stream, 'news')
    hub.subscribe(new FakePort(), 'news')
    stream.cut('ERR_SSE_SLOW_CLIENT')
    expect(hub.stats()).toMatchObject({ stalled: 1, streams: 1 })
  })

  test('is not counted once it has unsubscribed', () => {
    const hub = createHub()
    const stream = new FakePort()
    hub.subscribe(stream, 'news')()
    stream.cut('ERR_SSE_SLOW_CLIENT')
    expect(hub.stats().stalled).toBe(0)
  })
})

describe('coalescing', () => {
  /** A stream whose client has left the first event unread; returns what it receives when it reads on. */
  async function whileSlow(events: string[], filter?: (data: string) => boolean) {
    const hub = createHub()
    const stream = new FakePort()
    hub.subscribe(stream, 'prices', {
      coalesce: ({ data }) => data.split('=')[1] && data.split('=')[0],
      filter: filter && (({ data }) => filter(data)),
    })
    stream.room = 0
    await hub.publish('prices', { data: 'first' })
    await settle()
    for (const data of events) {
      await hub.publish('prices', { data })
      await settle(1)
    }
    stream.flow()
    await settle()
    return dataOf(stream).slice(1)
  }

  test.each<[what: string, events: string[], got: string[]]>([
    [
      'keeps the newest of each key, in order',
      ['a=1', 'b=1', 'a=2', 'c=1', 'b=2', 'a=3'],
      ['a=3', 'b=2', 'c=1'],
    ],
    ['never leaves out what has no key', ['a=1', 'news', 'a=2', 'news'], ['a=2', 'news', 'news']],
    ['leaves single events alone', ['a=1', 'b=1'], ['a=1', 'b=1']],
  ])('%s', async (_, events, got) => {
    expect(await whileSlow(events)).toEqual(got)
  })

  test('never replaces an event that the filter accepts by one that it refuses', async () => {
    expect(await whileSlow(['a=1', 'a=2'], (data) => data !== 'a=2')).toEqual(['a=1'])
  })

  // Of 400 keys the busiest was never sent: it was always replaced by an event at the end, which the client never
  // reached.
  test('delays no key forever, however often its event is replaced', async () => {
    const hub = createHub()
    const stream = new FakePort()
    hub.subscribe(stream, 'prices', { coalesce: ({ data }) => data.split('=')[0] })
    stream.room = 0
    const sent = new Map<string, number>()
    for (let round = 0; round < 60; round++) {
      for (let key = 0; key < 400; key++) {
        const hot = `hot=${round} ${key} ${'x'.repeat(400)}`
        for (const data of [`k${key}=${round} ${'x'.repeat(400)}`, hot]) void hub.publish('prices', { data })
      }
      await settle(1)
      stream.read()
      await settle(1)
    }
    for (const data of dataOf(stream)) {
      const key = data.split('=')[0] as string
      sent.set(key, (sent.get(key) ?? 0) + 1)
    }
    const others = [...sent].filter(([key]) => key !== 'hot').map(([, count]) => count)
    expect(sent.get('hot')).toBeGreaterThanOrEqual(Math.min(...others))
  })

  test('skips nothing for a client that keeps up', async () => {
    const hub = createHub()
    const stream = new FakePort()
    hub.subscribe(stream, 'prices', { coalesce: () => 'one' })
    for (const data of ['1', '2', '3']) hub.publish('prices', { data })
    await settle()
    expect(dataOf(stream)).toEqual(['1', '2', '3'])
  })

  test('a client that resumes after skipped events does not get them, but gets the newest of each key again', async () => {
    const hub = createHub()
    const options = { coalesce: () => 'one' }
    const stream = new FakePort()
    hub.subscribe(stream, 'prices', options)
    stream.room = 0
    for (const data of ['1', '2', '3']) {
      await hub.publish('prices', { data })
      await settle()
    }
    stream.flow()
    await settle()
    expect(dataOf(stream)).toEqual(['1', '3'])
    const again = new FakePort(stream.events.at(-1)?.id)
    hub.subscribe(again, 'prices', options)
    await hub.publish('prices', { data: '4' })
    await settle()
    expect(dataOf(again)).toEqual(['3', '4'])
  })
})

describe('a function of the app', () => {
  test.each<[what: string, answer: unknown]>([
    ['a promise', Promise.resolve(false)],
    ['a promise that rejects', Promise.reject(new Error('late'))],
    ['nothing', undefined],
    ['a number', 1],
  ])('as a filter that returns %s ends the stream with an error that says so', async (_, answer) => {
    const onError = jest.fn()
    const hub = createHub({ onError })
    const stream = new FakePort()
    hub.subscribe(stream, 'news', { filter: (() => answer) as () => boolean })
    await hub.publish('news', { data: 'secret' })
    await settle()
    expect(dataOf(stream)).toEqual([])
    expect(stream.code).toBe('ERR_SSE_SOURCE_FAILED')
    const error = expect.objectContaining({
      code: 'ERR_SSE_INVALID_OPTION',
      message: expect.stringContaining('filter must return true or false'),
    })
    expect(stream.cause).toEqual(error)
    expect(onError.mock.calls).toEqual([[error]])
  })

  test('that returns no string as the key ends the stream with an error that says so', async () => {
    const hub = createHub({ onError: () => {} })
    const stream = new FakePort()
    hub.subscribe(stream, 'news', { coalesce: (async () => 'key') as unknown as () => string })
    stream.room = 0
    await hub.publish('news', { data: 1 })
    await settle()
    await hub.publish('news', { data: 2 })
    stream.flow()
    await settle()
    expect(stream.cause).toMatchObject({ message: expect.stringContaining('coalesce must return a string') })
  })

  // The events before the one at which the filter unsubscribed or threw were lost.
  test.each<[what: string, act: (unsubscribe: () => void) => boolean, got: string[]]>([
    [
      'unsubscribes',
      (unsubscribe) => {
        unsubscribe()
        return true
      },
      ['a', 'b', 'last'],
    ],
    [
      'throws',
      () => {
        throw new Error('filter')
      },
      ['a', 'b'],
    ],
  ])('as a filter that %s loses nothing that it has accepted before', async (_, act, got) => {
    for (const length of [100, 1]) {
      const hub = createHub({ tail: { length }, onError: () => {} })
      const after = hub.cursor()
      for (const data of ['a', 'b', 'last', 'later']) await hub.publish('news', { data })
      const stream = new FakePort(after)
      const unsubscribe: () => void = hub.subscribe(stream, 'news', {
        filter: ({ data }) => data !== 'last' || act(unsubscribe),
      })
      await settle(10)
      expect(dataOf(stream)).toEqual(got)
    }
  })

  // An onError that threw left the fan-out scheduled forever.
  test.each<[what: string, onError: () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('onError')
      },
    ],
    ['rejects', () => Promise.reject(new Error('onError'))],
  ])('as an onError that %s stops nothing', async (_, onError) => {
    const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const log = new FaultyLog()
    const hub = createHub({ log, onError: onError as () => void })
    const broken = new FakePort()
    hub.subscribe(broken, 'news', {
      filter: () => {
        throw new Error('filter')
      },
    })
    const stream = new FakePort()
    hub.subscribe(stream, 'news')
    for (const data of ['1', '2']) {
      await hub.publish('news', { data })
      await settle()
    }
    await log.append({ channels: ['news'], event: 'a\nb', data: 'forged' })
    await hub.publish('news', { data: '3' })
    await settle()
    expect(dataOf(stream)).toEqual(['1', '2', '3'])
    expect(emitWarning).toHaveBeenCalledWith(expect.objectContaining({ message: 'onError' }))
    emitWarning.mockRestore()
  })
})

describe('a log that loses its continuity', () => {
  test.each<[what: string, reason: string, fail: (log: FaultyLog) => void]>([
    ['has trimmed what this process has not read', 'trimmed', (log) => log.lose()],
    ['starts anew', 'log-changed', (log) => log.restart()],
  ])('because it %s: one gap for every stream, then what is published next', async (_, reason, fail) => {
    const log = new FaultyLog()
    const hub = createHub({ log })
    const live = new FakePort()
    const slow = new FakePort()
    for (const stream of [live, slow]) hub.subscribe(stream, 'news')
    slow.room = 0
    await hub.publish('news', { data: 'before' })
    await settle()
    log.holdFollower()
    await hub.publish('news', { data: 'lost' })
    fail(log)
    await settle()
    log.releaseFollower()
    await hub.publish('news', { data: 'after' })
    await settle()
    slow.flow()
    await settle()
    for (const stream of [live, slow]) {
      expect(dataOf(stream)).toEqual(['before', 'after'])
      expect(gapsOf(stream)).toEqual([reason])
      expect(stream.events.at(-2)?.event).toBe('gap')
    }
  })

  test('while a client is catching up: the rest of its page is not sent', async () => {
    const log = new FaultyLog()
    const hub = createHub({ log, tail: { length: 1 } })
    const after = hub.cursor()
    for (let n = 0; n < 5; n++) await hub.publish('news', { data: n })
    log.pageLength = 2
    const stream = new FakePort(after)
    stream.room = 0
    hub.subscribe(stream, 'news')
    await settle()
    log.restart()
    stream.flow()
    await hub.publish('news', { data: 'after' })
    await settle()
    expect(dataOf(stream)).toEqual(['0', '1', 'after'])
    expect(gapsOf(stream)).toEqual(['log-changed'])
  })

  test.each([
    ['once', 1],
    ['twice before the client has its turn', 2],
  ])('while the log is read, %s: one gap, although the read answers with a gap too', async (_, resets) => {
    const log = new FaultyLog()
    const hub = createHub({ log, tail: { length: 1 } })
    const after = hub.cursor()
    for (let n = 0; n < 3; n++) await hub.publish('news', { data: n })
    log.readsHeld = true
    const stream = new FakePort(after)
    hub.subscribe(stream, 'news')
    const loop = hub.events('news', { after })
    const items = [loop.next(), loop.next()]
    await settle()
    for (let n = 0; n < resets; n++) log.restart()
    await settle()
    log.releaseReads()
    await settle()
    await hub.publish('news', { data: 'after' })
    await settle()
    expect(gapsOf(stream)).toEqual(['log-changed'])
    expect(dataOf(stream)).toEqual(['after'])
    const events = (await Promise.all(items)).map(({ value }) => [value.event, value.data])
    expect(events).toEqual([
      ['gap', expect.stringContaining('log-changed')],
      ['message', 'after'],
    ])
    await loop.return?.()
  })

  test('at any moment of a read: events from before it, one gap, then all later events, for streams and loops', async () => {
    for (let steps = 0; steps < 60; steps++) {
      const log = new FaultyLog()
      const hub = createHub({ log, tail: { length: 1 } })
      const after = hub.cursor()
      for (let n = 0; n < 3; n++) await hub.publish('news', { data: n })
      log.readsHeld = true
      const stream = new FakePort(after)
      hub.subscribe(stream, 'news')
      let items = ''
      const loop = (async () => {
        for await (const { event, data } of hub.events('news', { after }))
          items += event === 'gap' ? '|' : data
      })()
      await settle()
      log.releaseReads()
      for (let step = 0; step < steps; step++) await undefined
      log.restart()
      // In one tick, so that they fall off the tail and must be read from the new log.
      for (let n = 3; n < 6; n++) void hub.publish('news', { data: n })
      await settle(20)
      const received = stream.events.map(({ event, data }) => (event === 'gap' ? '|' : data)).join('')
      expect([steps, received, items]).toEqual([
        steps,
        ...Array(2).fill(expect.stringMatching(/^0?1?2?\|345$/)),
      ])
      await hub.close()
      await loop
    }
  })

  test('after a client has read it: the pages of that client are not sent to another one', async () => {
    const log = new FaultyLog()
    const hub = createHub({ log, tail: { length: 1 } })
    const after = hub.cursor()
    for (let n = 0; n < 3; n++) await hub.publish('news', { data: n })
    const streams = [new FakePort(after), new FakePort(after)] as const
    hub.subscribe(streams[0], 'news')
    await settle(8)
    log.restart()
    hub.subscribe(streams[1], 'news')
    await settle(8)
    expect(dataOf(streams[0])).toEqual(['0', '1', '2'])
    expect(dataOf(streams[1])).toEqual([])
    expect(gapsOf(streams[1])).toEqual(['expired'])
  })
})

test('a gap for which there is no room loses nothing of what follows it', async () => {
  const log = new FaultyLog()
  const hub = createHub({ log })
  const stream = new FakePort(hub.cursor())
  stream.room = 0
  hub.subscribe(stream, 'news')
  // It waits for its turn when the log is reset, and the gap fills its buffer.
  log.restart()
  hub.publish('news', { data: 'one' })
  await settle()
  hub.publish('news', { data: 'two' })
  await settle()
  stream.flow()
  await settle()
  expect(gapsOf(stream)).toEqual(['log-changed'])
  expect(dataOf(stream)).toEqual(['one', 'two'])
})

describe('a log that cannot be read', () => {
  test('causes no gap: the stream waits until the log can be read', async () => {
    const onError = jest.fn()
    const log = new FaultyLog()
    const hub = createHub({ log, tail: { length: 1 }, onError })
    const after = hub.cursor()
    for (let n = 0; n < 3; n++) await hub.publish('news', { data: n })
    log.failures = 1
    const streams = Array.from({ length: 5 }, () => new FakePort(after))
    for (const stream of streams) hub.subscribe(stream, 'news')
    await settle()
    expect(streams.map(({ text }) => text).join('')).toBe('')
    expect(hub.stats()).toMatchObject({ lagging: 5, gaps: 0 })
    // They share the read and its error.
    expect(onError).toHaveBeenCalledTimes(1)
    await hub.publish('other', { data: 'moves' })
    await settle()
    for (const stream of streams) expect(dataOf(stream)).toEqual(['0', '1', '2'])
  })

  // An outage of ten seconds was two thousand calls: one for each attempt of each client with an old id.
  test('is reported once in an outage, however many clients try to read it, and however often', async () => {
    const onError = jest.fn()
    const log = new FaultyLog()
    const hub = createHub({ log, tail: { length: 1 }, onError })
    for (let outages = 1; outages <= 2; outages++) {
      const ids: string[] = []
      for (let n = 0; n < 50; n++) ids.push(await hub.publish('news', { data: n }))
      log.failures = Number.POSITIVE_INFINITY
      const before = log.reads
      const streams = ids.slice(0, 40).map((id) => new FakePort(id))
      for (const stream of streams) hub.subscribe(stream, 'news')
      for (let attempts = 0; attempts < 3; attempts++) {
        await settle(20)
        // Each entry makes them try again.
        await hub.publish('other', { data: 'moves' })
      }
      await settle(20)
      expect(log.reads - before).toBeGreaterThan(100)
      expect(onError).toHaveBeenCalledTimes(outages)
      log.failures = 0
      await hub.publish('other', { data: 'moves' })
      await settle(20)
      expect(streams.every((stream) => dataOf(stream).at(-1) === '49')).toBe(true)
      hub.disconnect(() => true)
    }
  })

  test('is not read again for a stream that has ended', async () => {
    const log = new FaultyLog()
    const hub = createHub({ log, tail: { length: 1 }, onError: () => {} })
    const after = hub.cursor()
    for (let n = 0; n < 3; n++) await hub.publish('news', { data: n })
    log.failures = 1
    const stream = new FakePort(after)
    hub.subscribe(stream, 'news')
    await settle()
    stream.cut()
    await hub.publish('other', { data: 'moves' })
    await settle()
    expect(log.reads).toBe(1)
  })
})

test('a client that is ahead of this process waits for it, without a gap', async () => {
  const log = new FaultyLog()
  const hub = createHub({ log })
  log.holdFollower()
  await hub.publish('news', { data: 'seen elsewhere' })
  const id = await hub.publish('news', { data: 'seen elsewhere' })
  const stream = new FakePort(id)
  hub.subscribe(stream, 'news')
  await settle()
  expect(stream.text).toBe('')
  log.releaseFollower()
  await hub.publish('news', { data: 'new' })
  await settle()
  expect(namesOf(stream)).toEqual(['message'])
  expect(dataOf(stream)).toEqual(['new'])
})

test('a client that stays ahead of this process is disconnected, to reconnect to this process or another', async () => {
  const log = new FaultyLog()
  const hub = createHub({ log })
  log.holdFollower()
  const stream = new FakePort(await hub.publish('news', { data: 'seen elsewhere' }))
  const now = jest.spyOn(performance, 'now')
  hub.subscribe(stream, 'news')
  await settle()
  now.mockReturnValue(performance.now() + 20_000)
  try {
    await eventually('the end', () => stream.closed)
  } finally {
    now.mockRestore()
  }
  expect(stream.code).toBe('ERR_SSE_SHUTDOWN')
  expect(stream.text).toMatch(/^retry: \d+\n$/)
})

/** The response to a long poll. */
function openPoll(lastEventId?: string): FakePort {
  const poll = new FakePort(lastEventId)
  poll.polls = true
  return poll
}

describe('a long poll ends', () => {
  test('when its client has received all events so far, and not before', async () => {
    const hub = createHub()
    const stream = openPoll()
    hub.subscribe(stream, 'news')
    await hub.publish('other', { data: 'not for it' })
    stream.wake()
    await settle()
    expect(stream.closed).toBe(false)
    hub.publish('news', { data: 1 })
    hub.publish('news', { data: 2 })
    await settle()
    expect(dataOf(stream)).toEqual(['1', '2'])
    expect(stream.code).toBe('ERR_SSE_CLOSED')
    expect(hub.stats().streams).toBe(0)
  })

  test('not while there is no event after its last id', async () => {
    const hub = createHub()
    const after = hub.cursor()
    await hub.publish('other', { data: 'not for it' })
    const stream = openPoll(after)
    hub.subscribe(stream, 'news')
    await settle()
    expect(namesOf(stream)).toEqual(['bookmark'])
    expect(stream.closed).toBe(false)
  })

  test('and its client misses nothing over many polls', async () => {
    const hub = createHub()
    const got: string[] = []
    let id = hub.cursor()
    for (let n = 0; n < 10; n++) {
      const stream = openPoll(id)
      hub.subscribe(stream, 'news')
      hub.publish('news', { data: `${n} while it is open` })
      await settle()
      got.push(...dataOf(stream))
      id = stream.events.at(-1)?.id ?? id
      hub.publish('news', { data: `${n} while it is away` })
    }
    expect(got).toHaveLength(19)
    expect(new Set(got).size).toBe(19)
  })

  test('at once if there are events after its last id, even if they must be read from the log', async () => {
    const hub = createHub({ tail: { length: 1 } })
    const after = hub.cursor()
    for (let n = 0; n < 3; n++) await hub.publish('news', { data: n })
    const stream = openPoll(after)
    hub.subscribe(stream, 'news')
    await eventually('the end', () => stream.closed)
    expect(dataOf(stream)).toEqual(['0', '1', '2'])
  })

  test('after a gap', async () => {
    const hub = createHub()
    const stream = openPoll('nonsense')
    hub.subscribe(stream, 'news')
    await eventually('the end', () => stream.closed)
    expect(gapsOf(stream)).toEqual(['malformed'])
  })

  test('at the end of its wait, with the current cursor', async () => {
    const hub = createHub()
    const stream = openPoll(hub.cursor())
    hub.subscribe(stream, 'news')
    await settle()
    await hub.publish('other', { data: 'not for it' })
    await settle()
    expect(stream.endWait()).toBe(true)
    expect(stream.events).toEqual([{ event: 'bookmark', data: '', id: hub.cursor() }])
  })

  test('at the end of its wait, but not before everything published until then is delivered', async () => {
    const hub = createHub({ tail: { length: 1 } })
    const after = hub.cursor()
    for (let n = 0; n < 3; n++) await hub.publish('news', { data: n })
    const stream = openPoll(after)
    hub.subscribe(stream, 'news')
    expect(stream.endWait()).toBe(false)
    await eventually('the end', () => stream.closed)
    expect(dataOf(stream)).toEqual(['0', '1', '2'])
  })

  test('with everything, even if its client reads slowly', async () => {
    const hub = createHub()
    const after = hub.cursor()
    for (let n = 0; n < 100; n++) await hub.publish('news', { data: 'x'.repeat(10_000) })
    const stream = openPoll(after)
    stream.room = 1
    hub.subscribe(stream, 'news')
    await settle()
    expect(stream.closed).toBe(false)
    stream.flow()
    await eventually('the end', () => stream.closed)
    expect(dataOf(stream)).toHaveLength(100)
  })
})
