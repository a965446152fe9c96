import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { eventually } from '@downstream/testing'
import { createHub } from '../../src/hub/create-hub.ts'
import type { HubOptions } from '../../src/hub/hub.ts'
import { MemoryLog } from '../../src/log/memory-log.ts'
import type { EventStreamOptions } from '../../src/stream/event-stream-options.ts'
import { openEventStream } from '../../src/stream/open-event-stream.ts'
import { connect, serve } from '../stream/serve.ts'
import { eventReader } from './event-reader.ts'

const MEBIBYTE = 1_048_576

/** A server with a hub; every request follows the news. */
async function serveHub(options?: HubOptions, streamOptions?: EventStreamOptions) {
  const hub = createHub(options)
  const buffered: (() => number)[] = []
  const { origin } = await serve((req, res) => {
    buffered.push(() => res.writableLength)
    hub.subscribe(openEventStream(req, res, streamOptions), 'news')
  })
  /** The bytes that wait for client number `index`. */
  const bufferedFor = (index: number) => buffered[index]?.() ?? 0
  return { hub, origin, bufferedFor }
}

/** A client that records what it reads, and pauses and continues when the test calls it. */
async function read(origin: string, headers: Record<string, string> = {}) {
  const request = get(origin, { agent: false, headers })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const got: { event: string; id: string | undefined; n: number; data: string }[] = []
  const feed = eventReader(({ event, data, id }) => {
    got.push({ event, id, n: event === 'message' ? Number.parseInt(data, 10) : -1, data: data.slice(0, 100) })
  })
  response.setEncoding('utf8').on('data', feed)
  // The end of the test destroys it.
  response.on('error', () => {})
  const news = () => got.filter(({ event }) => event === 'message').map(({ n }) => n)
  return { response, got, news, leave: () => request.destroy() }
}

const upTo = (count: number, from = 0) => Array.from({ length: count - from }, (_, n) => from + n)

describe('a client that', () => {
  test('never reads is disconnected after stallTimeout, and stats() counts it; others are not delayed', async () => {
    const { hub, origin } = await serveHub({}, { stallTimeout: 400 })
    const stuck = await connect(origin)
    stuck.get('/')
    await stuck.receives('bookmark')
    stuck.pause()
    const other = await read(origin)
    let n = 0
    await eventually('the cut', () => {
      hub.publish('news', { data: `${n++} ${'x'.repeat(200_000)}` })
      return hub.stats().stalled === 1
    })
    expect(hub.stats().streams).toBe(1)
    await eventually('the other one is up to date', () => other.news().length === n)
    expect(other.news()).toEqual(upTo(n))
    other.leave()
  })

  test('reads one byte at a time is disconnected in the same way, and resumes', async () => {
    const log = new MemoryLog({ bytes: 200 * MEBIBYTE })
    const { hub, origin } = await serveHub({ log }, { stallTimeout: 400 })
    const slow = await connect(origin)
    slow.get('/')
    await slow.receives('bookmark')
    slow.pause()
    const dripping = setInterval(() => slow.socket.read(1), 5)
    let n = 0
    await eventually('the cut', () => {
      hub.publish('news', { data: `${n++} ${'x'.repeat(200_000)}` })
      return hub.stats().stalled === 1
    })
    clearInterval(dripping)
    const again = await read(origin, { 'Last-Event-ID': slow.events[0]?.id as string })
    await eventually('all of it', () => again.news().at(-1) === n - 1)
    expect(again.news()).toEqual(upTo(n))
    again.leave()
  })

  test('reads slowly but steadily is not disconnected', async () => {
    const { hub, origin } = await serveHub({}, { stallTimeout: 400 })
    const slow = await connect(origin)
    slow.get('/')
    await slow.receives('bookmark')
    slow.pause()
    for (let n = 0; n < 60; n++) hub.publish('news', { data: `${n} ${'x'.repeat(200_000)}` })
    // One MiB in every twentieth of the timeout.
    const reading = setInterval(() => {
      slow.resume()
      const until = slow.bytesReceived + MEBIBYTE
      const stop = () => slow.bytesReceived >= until && slow.pause()
      slow.socket.on('data', stop)
      setTimeout(() => slow.socket.off('data', stop), 15)
    }, 20)
    await eventually('the last', () => slow.bytesReceived > 60 * 200_000)
    clearInterval(reading)
    slow.resume()
    await slow.receives('data: 59 ')
    expect(hub.stats()).toMatchObject({ stalled: 0, streams: 1, gaps: 0 })
  })

  test('resets in the middle of an event is removed, and gets the whole event when it reconnects', async () => {
    const { hub, origin } = await serveHub()
    const client = await connect(origin)
    client.get('/')
    await client.receives('bookmark')
    const id = client.events[0]?.id as string
    await hub.publish('news', { data: `0 ${'x'.repeat(5 * MEBIBYTE)}` })
    client.socket.once('data', () => client.reset())
    await eventually('the end', () => hub.stats().streams === 0)
    expect(hub.stats()).toMatchObject({ channels: 0, lagging: 0, stalled: 0 })
    expect(client.events).toHaveLength(1)
    const again = await read(origin, { 'Last-Event-ID': id })
    await eventually('the event', () => again.news().length === 1)
    expect(again.got).toHaveLength(1)
    again.leave()
  })

  test.each(['close', 'halfClose'] as const)('disconnects by %s is removed', async (leave) => {
    const { hub, origin } = await serveHub()
    const client = await connect(origin)
    client.get('/')
    await client.receives('bookmark')
    expect(hub.stats().streams).toBe(1)
    client[leave]()
    await eventually('the end', () => hub.stats().streams === 0)
    expect(hub.stats()).toMatchObject({ channels: 0, lagging: 0 })
  })
})

describe('a client that pauses while 100 MB are published', () => {
  const EVENTS = 1_600
  const SIZE = 65_536

  /** Publishes; returns the most that was buffered for the client and held in the tail in the meantime. */
  async function publishPast(logBytes: number) {
    const log = new MemoryLog({ bytes: logBytes })
    const { hub, origin, bufferedFor } = await serveHub({ log, tail: { bytes: 4 * MEBIBYTE } })
    const client = await read(origin)
    await eventually('the stream', () => client.got.length === 1)
    client.response.pause()
    let buffered = 0
    let tail = 0
    for (let n = 0; n < EVENTS; n++) {
      hub.publish('news', { data: `${n} ${'x'.repeat(SIZE)}` })
      await nextTurn()
      buffered = Math.max(buffered, bufferedFor(0))
      tail = Math.max(tail, hub.stats().tail.bytes)
    }
    await eventually('it lagging', () => hub.stats().lagging === 1)
    client.response.resume()
    await eventually('the last event', () => client.news().at(-1) === EVENTS - 1)
    client.leave()
    return { client, hub, buffered, tail }
  }

  test('takes no more memory than its buffer and the tail, and gets exactly one gap and the rest when it continues', async () => {
    const { client, hub, buffered, tail } = await publishPast(4 * MEBIBYTE)
    expect(buffered).toBeLessThan(4 * SIZE)
    expect(tail).toBeLessThanOrEqual(4 * MEBIBYTE)
    const gap = client.got.findIndex(({ event }) => event === 'gap')
    expect(client.got.filter(({ event }) => event === 'gap')).toHaveLength(1)
    const before = client.got.slice(1, gap).map(({ n }) => n)
    const rest = client.got.slice(gap + 1).map(({ n }) => n)
    expect(before).toEqual(upTo(before.length))
    expect(rest).toEqual(upTo(EVENTS, rest[0]))
    // Exactly what the tail does not hold is missing.
    expect(rest.length).toBeGreaterThan(50)
    expect(hub.stats().gaps).toBe(1)
  })

  test('takes as little memory if the log holds all events, and gets all of them when it continues', async () => {
    const { client, hub, buffered, tail } = await publishPast(200 * MEBIBYTE)
    expect(buffered).toBeLessThan(4 * SIZE)
    expect(tail).toBeLessThanOrEqual(4 * MEBIBYTE)
    expect(client.news()).toEqual(upTo(EVENTS))
    expect(hub.stats().gaps).toBe(0)
  })
})

test('a thousand clients that reconnect at once get everything, once and in order, and other work can run', async () => {
  const { hub, origin } = await serveHub({ tail: { length: 10 } })
  const id = hub.cursor()
  for (let n = 0; n < 30; n++) await hub.publish('news', { data: n })
  let turns = 0
  const count = () => {
    turns++
    turning = setImmediate(count)
  }
  let turning = setImmediate(count)
  const clients = await Promise.all(
    Array.from({ length: 1_000 }, () => read(origin, { 'Last-Event-ID': id })),
  )
  await hub.publish('news', { data: 30 })
  await eventually('all of it', () => clients.every((client) => client.news().length === 31))
  clearImmediate(turning)
  expect(clients.filter((client) => client.news().join() !== upTo(31).join())).toEqual([])
  expect(turns).toBeGreaterThan(20)
  expect(hub.stats()).toMatchObject({ streams: 1_000, gaps: 0 })
  for (const client of clients) client.leave()
  await eventually('nobody', () => hub.stats().streams === 0)
})

test('closing ends real streams with a retry, after what they have received', async () => {
  const { hub, origin } = await serveHub()
  const clients = await Promise.all(Array.from({ length: 5 }, () => connect(origin)))
  for (const client of clients) client.get('/')
  await Promise.all(clients.map((client) => client.receives('bookmark')))
  await hub.publish('news', { data: 'last' })
  await Promise.all(clients.map((client) => client.receives('last')))
  await hub.close({ drain: 100 })
  await Promise.all(clients.map((client) => client.ends()))
  for (const client of clients)
    expect(client.text).toMatch(/data: last\n[\s\S]*retry: \d{4}\n+\r\n0\r\n\r\n$/)
})

// A burst of awaited publishes longer than the tail caused a gap for clients that read at full speed.
test('fifteen thousand awaited publishes reach clients that read at full speed, without a gap', async () => {
  const { hub, origin } = await serveHub()
  const clients = [await read(origin), await read(origin), await read(origin)]
  await eventually('the streams', () => hub.stats().streams === 3)
  for (let n = 0; n < 15_000; n++) await hub.publish('news', { data: `${n}` })
  await eventually('the last event', () => clients.every(({ news }) => news().length === 15_000))
  for (const { news } of clients) expect(news()).toEqual(upTo(15_000))
  expect(hub.stats().gaps).toBe(0)
})
