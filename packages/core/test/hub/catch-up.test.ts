import type { Gap } from '../../src/hub/control-event.ts'
import { createHub } from '../../src/hub/create-hub.ts'
import { MemoryLog } from '../../src/log/memory-log.ts'
import { FakePort } from './fake-port.ts'
import { FaultyLog } from './faulty-log.ts'
import { settle } from './settle.ts'

const dataOf = ({ events }: FakePort) =>
  events.filter(({ event }) => event === 'message').map(({ data }) => data)
const gapsOf = ({ events }: FakePort) =>
  events.filter(({ event }) => event === 'gap').map(({ id, data }) => [(JSON.parse(data) as Gap).reason, id])

describe('a gap', () => {
  // A process that started after a fork of the log sent a client `slow` with the id '': the client reconnected without
  // an id and silently missed what was published meanwhile.
  test('has an id and the true reason if the log has lost entries after the client’s cursor', async () => {
    const log = new MemoryLog()
    const before = await log.append({ channels: ['news'], data: 'before' })
    await log.append({ channels: ['news'], data: 'known' })
    for (let n = 0; n < 5; n++) await log.append({ channels: ['news'], data: `${n}` })
    const { read } = log
    let reads = 0
    // The page before the fork, then the gap.
    log.read = async (...args) =>
      reads++ === 0 ? read.call(log, args[0], { length: 1, bytes: 1 }) : { gap: true, reason: 'log-changed' }
    const hub = createHub({ log, tail: { length: 2 } })
    await hub.ready()
    const stream = new FakePort(before)
    hub.subscribe(stream, 'news')
    await settle()
    expect(dataOf(stream)).toEqual(['known'])
    expect(gapsOf(stream)).toEqual([['log-changed', hub.cursor()]])
  })

  test('is `expired` for a client that read as fast as it could, even if it had received a page', async () => {
    const log = new FaultyLog({ length: 100 })
    const hub = createHub({ log, tail: { length: 2 } })
    const after = hub.cursor()
    for (let n = 0; n < 50; n++) await hub.publish('news', { data: n })
    log.pageLength = 3
    const stream = new FakePort(after)
    hub.subscribe(stream, 'news')
    await settle(3)
    log.readsHeld = true
    await settle()
    for (let n = 0; n < 200; n++) void hub.publish('other', { data: n })
    log.releaseReads()
    await settle(8)
    expect(dataOf(stream).length).toBeGreaterThan(0)
    expect(gapsOf(stream)).toEqual([['expired', expect.stringMatching(/./)]])
  })

  test('is `slow` for a client that did not read, and continues with the oldest entry that has a name', async () => {
    const log = new FaultyLog()
    const cursors: string[] = []
    for (let n = 0; n < 50; n++)
      cursors.push(await log.append({ channels: ['news'], data: `${n} ${'x'.repeat(10_000)}` }))
    // The tail has only its backlog, so the cursor before its oldest entry is not known.
    const hub = createHub({ log, tail: { length: 3 } })
    const stream = new FakePort(cursors[0])
    stream.room = 0
    hub.subscribe(stream, 'news')
    await settle()
    // The log drops old entries although there are no new ones: RedisLog does with maxAge.
    log.read = async () => ({ gap: true, reason: 'expired' })
    stream.flow()
    await settle()
    expect(gapsOf(stream)).toEqual([['slow', cursors[47]]])
    expect(
      dataOf(stream)
        .slice(-2)
        .map((data) => Number.parseInt(data, 10)),
    ).toEqual([48, 49])
  })

  test('has a random delay of up to gapDelay, for streams and for loops', async () => {
    const random = jest.spyOn(Math, 'random').mockReturnValue(0.75)
    try {
      for (const gapDelay of [0, 2_000]) {
        const hub = createHub({ gapDelay })
        const stream = new FakePort('nonsense')
        hub.subscribe(stream, 'news')
        const loop = hub.events('news', { after: 'nonsense' })
        const { value } = await loop.next()
        await loop.return?.()
        const delays = [stream.events[0]?.data, value.data].map((data) => JSON.parse(data).delay)
        expect(delays).toEqual([0.75 * gapDelay, 0.75 * gapDelay])
      }
    } finally {
      random.mockRestore()
    }
  })

  test('is sent to a page that was rendered with the cursor of a hub that was not ready', async () => {
    const log = new FaultyLog({}, { startHeld: true })
    const hub = createHub({ log })
    const rendered = hub.cursor()
    expect(rendered).toBe('')
    await hub.publish('news', { data: 'missed' })
    log.releaseStart()
    const stream = new FakePort()
    hub.subscribe(stream, 'news', { after: rendered })
    await settle()
    expect(gapsOf(stream)).toEqual([['malformed', hub.cursor()]])
  })
})

describe('a client that has much to catch up with', () => {
  // A page of 500 entries was held for each client that did not read: with events of 10 KB, 5 MB.
  test('and does not read holds only a cursor: what it was not sent is read again', async () => {
    const log = new FaultyLog({ length: 1_000, bytes: 100_000_000 })
    const hub = createHub({ log, tail: { length: 1 } })
    const after = hub.cursor()
    for (let n = 0; n < 60; n++) await hub.publish('news', { data: `${n} ${'x'.repeat(10_000)}` })
    let most = 0
    const { read } = log
    log.read = async (...args) => {
      const reading = await read.apply(log, args)
      const bytes = reading.gap ? 0 : reading.entries.reduce((sum, { data }) => sum + data.length, 0)
      most = Math.max(most, bytes)
      return reading
    }
    const stream = new FakePort(after)
    stream.room = 0
    hub.subscribe(stream, 'news')
    await settle()
    const { reads } = log
    expect(most).toBeLessThanOrEqual(65_536)
    await settle(20)
    expect(log.reads).toBe(reads)
    expect(stream.bufferedBytes).toBeLessThan(80_000)
    stream.flow()
    for (let turn = 0; turn < 30; turn++) await settle()
    expect(dataOf(stream).map((data) => Number.parseInt(data, 10))).toEqual([...Array(60).keys()])
  })

  // A scan without a match moved no id: on an unstable network it started again forever.
  test('gets bookmarks while the log is searched, so that it need not start again', async () => {
    const log = new FaultyLog({ length: 100_000 })
    const hub = createHub({ log, tail: { length: 10 } })
    const after = hub.cursor()
    const cursors: string[] = []
    for (let n = 0; n < 35_000; n++) cursors.push(await log.append({ channels: ['other'], data: '' }))
    const stream = new FakePort(after)
    hub.subscribe(stream, 'news')
    await settle(200)
    const ids = stream.events.map(({ event, id }) => [event, cursors.indexOf(id as string) + 1])
    expect(ids).toEqual([
      ['bookmark', 10_000],
      ['bookmark', 20_000],
      ['bookmark', 30_000],
      ['bookmark', 35_000],
    ])
  })

  test('with a hundred others, from cursors close together, reads the log about once', async () => {
    const log = new FaultyLog({ length: 100_000 })
    const hub = createHub({ log, tail: { length: 10 } })
    const cursors: string[] = []
    for (let n = 0; n < 50_000; n++) {
      const channels = [n % 1_000 === 0 ? 'news' : 'other']
      cursors.push(await log.append({ channels, data: String(n) }))
    }
    const streams = cursors.slice(0, 100).map((id) => new FakePort(id))
    for (const stream of streams) hub.subscribe(stream, 'news')
    await settle(500)
    expect(streams.every((stream) => dataOf(stream).length === 49)).toBe(true)
    expect(log.reads).toBeLessThan(100)
  })

  test('and disconnects causes no more reads', async () => {
    const log = new FaultyLog({ length: 1_000 })
    const hub = createHub({ log, tail: { length: 1 } })
    const after: string[] = []
    for (let n = 0; n < 50; n++) after.push(await hub.publish('news', { data: 'x'.repeat(70_000) }))
    log.readsHeld = true
    const streams = after.slice(0, 40).map((id) => new FakePort(id))
    for (const stream of streams) hub.subscribe(stream, 'news')
    await settle()
    const { reads } = log
    for (const stream of streams) stream.cut()
    log.releaseReads()
    await settle()
    expect([reads, log.reads]).toEqual([4, 4])
    expect(hub.stats()).toMatchObject({ streams: 0, lagging: 0 })
  })
})
