import { ChannelIndex } from '../../src/hub/channel-index.ts'
import { ChannelSet } from '../../src/hub/channel-set.ts'
import { createHub } from '../../src/hub/create-hub.ts'
import { FanOut, type Visited } from '../../src/hub/fan-out.ts'
import { Tail } from '../../src/hub/tail.ts'
import { MemoryLog } from '../../src/log/memory-log.ts'
import type { StreamOwner } from '../../src/stream/stream-port.ts'
import { FakePort } from './fake-port.ts'
import { FaultyLog } from './faulty-log.ts'
import { settle } from './settle.ts'

const STREAMS = 10_000

/** Counts the turns of other work until `done`. */
async function turnsUntil(done: () => boolean): Promise<number> {
  for (let turns = 1; turns < 10_000; turns++) {
    await new Promise((resolve) => setImmediate(resolve))
    if (done()) return turns
  }
  throw new Error('It was never done.')
}

/** A stream whose writes take time: by default as long as a write to the kernel. */
class CostlyPort extends FakePort {
  cost = 0.01

  override write(text: string): boolean {
    const end = performance.now() + this.cost
    while (performance.now() < end);
    return super.write(text)
  }
}

test('delivery to ten thousand streams lets other work run in between', async () => {
  const hub = createHub()
  const streams = Array.from({ length: STREAMS }, () => new CostlyPort())
  for (const stream of streams) hub.subscribe(stream, 'news')
  const before = hub.stats().delivered
  await hub.publish('news', { data: 'x' })
  // The work takes a tenth of a second; a single turn may take less than a tenth of that.
  const turns = await turnsUntil(() => hub.stats().delivered - before === STREAMS)
  expect(turns).toBeGreaterThan(5)
})

test('a slow filter does not make a turn longer', async () => {
  const hub = createHub()
  const slow = () => {
    const end = performance.now() + 1
    while (performance.now() < end);
    return true
  }
  for (let count = 0; count < 100; count++) hub.subscribe(new FakePort(), 'news', { filter: slow })
  await hub.publish('news', { data: 'x' })
  const turns = await turnsUntil(() => hub.stats().delivered === 100)
  expect(turns).toBeGreaterThan(5)
})

test('ten thousand streams that resume at once receive everything and let other work run', async () => {
  const hub = createHub()
  const after = hub.cursor()
  for (let n = 0; n < 20; n++) await hub.publish('news', { data: n })
  const streams = Array.from({ length: STREAMS }, () => new CostlyPort(after))
  for (const stream of streams) hub.subscribe(stream, 'news')
  const turns = await turnsUntil(() => hub.stats().delivered === 20 * STREAMS)
  expect(turns).toBeGreaterThan(5)
  // One write for each stream.
  expect(streams.every(({ writes }) => writes === 1)).toBe(true)
  const [one] = streams
  expect(one?.events.map(({ data }) => data)).toEqual(Array.from({ length: 20 }, (_, n) => String(n)))
})

test('what is published during a delivery reaches every stream once and in order', async () => {
  const hub = createHub()
  const streams = Array.from({ length: 2_000 }, () => new CostlyPort())
  for (const stream of streams) hub.subscribe(stream, 'news')
  for (let n = 0; n < 10; n++) {
    await hub.publish('news', { data: n })
    await settle(1)
  }
  await turnsUntil(() => hub.stats().delivered === 20_000)
  const wrong = streams.filter(
    (stream) =>
      stream.events
        .slice(1)
        .map(({ data }) => data)
        .join('') !== '0123456789',
  )
  expect(wrong).toEqual([])
})

test('a slow client does not delay the others', async () => {
  const hub = createHub()
  const after = hub.cursor()
  for (let n = 0; n < 5_000; n++) hub.publish('news', { data: `${n} ${'x'.repeat(500)}` })
  await settle()
  const lagging = new CostlyPort(after)
  lagging.cost = 2
  const live = new FakePort()
  hub.subscribe(lagging, 'news')
  hub.subscribe(live, 'news')
  await hub.publish('news', { data: 'live' })
  await turnsUntil(() => live.text.includes('live'))
  expect(lagging.events.length).toBeLessThan(5_000)
  await turnsUntil(() => lagging.text.includes('live'))
  expect(lagging.events).toHaveLength(5_001)
})

/** A stream that accepts everything, but one write per turn, like a response that has had its share. */
class RestingPort extends FakePort {
  #owner: StreamOwner | undefined

  override attach(owner: StreamOwner): void {
    this.#owner = owner
    super.attach(owner)
  }

  override write(text: string): boolean {
    super.write(text)
    setImmediate(() => this.#owner?.onRoom())
    return false
  }
}

describe('code that awaits publish()', () => {
  // After 15 000 awaited publishes in a loop, clients that read at full speed had received 10 000 events and a gap.
  test.each<[what: string, count: number, data: string, tail: object]>([
    ['more events than the tail holds', 15_000, 'x', {}],
    ['more bytes than the tail holds', 300, 'x'.repeat(10_000), { bytes: 1_000_000 }],
    ['entries of which each is larger than half of the tail', 20, 'x'.repeat(60_000), { bytes: 100_000 }],
  ])('loses no event for streams that keep up: %s', async (_, count, data, tail) => {
    // A log that holds as much as the tail, as it does by default.
    const hub = createHub({ tail, log: new MemoryLog(tail) })
    const streams = [new FakePort(), new RestingPort(), new RestingPort()]
    for (const stream of streams) hub.subscribe(stream, 'news')
    for (let n = 0; n < count; n++) await hub.publish('news', { data: `${n} ${data}` })
    await turnsUntil(() => hub.stats().delivered === streams.length * count)
    expect(hub.stats().gaps).toBe(0)
    for (const stream of streams)
      expect(
        stream.events
          .filter(({ event }) => event === 'message')
          .every((event, n) => event.data.startsWith(`${n} `)),
      ).toBe(true)
  })

  test('is not delayed by a client that does not read or has disconnected', async () => {
    const hub = createHub({ tail: { length: 10 } })
    const stuck = new FakePort()
    stuck.room = 0
    hub.subscribe(stuck, 'news')
    const left = new RestingPort()
    hub.subscribe(left, 'news')
    for (let n = 0; n < 30; n++) {
      await hub.publish('news', { data: n })
      if (n === 15) left.cut()
    }
    expect(hub.stats().published).toBe(30)
  })
})

describe('what streams of the same channels share', () => {
  const tail = new Tail({ length: 10, bytes: 1_000 }, 'head', [
    { cursor: 'a', channels: ['news'], data: 'x' },
  ])
  const channels = new ChannelSet('key', new Set(['news']))
  let fanOut: FanOut
  beforeEach(() => {
    fanOut = new FanOut(new ChannelIndex(), { tail })
  })

  // Ten thousand streams of ['news', 'user:N'] and one burst: each retained the 61 KB that it was sent last.
  test('is retained for one turn', async () => {
    const first = fanOut.runOf(channels, 0)
    expect(fanOut.runOf(channels, 0)).toBe(first)
    await settle()
    expect(fanOut.runOf(channels, 0)).not.toBe(first)
  })

  test('for compression is retained until the last of them has ended', async () => {
    const sharedText = async () => {
      await settle()
      return fanOut.passageOf(channels, 0, fanOut.runOf(channels, 0))?.from.source
    }
    const end = () => fanOut.forget({ channels } as Visited)
    channels.uses = 1
    const text = await sharedText()
    end()
    expect(await sharedText()).toBe(text)
    channels.uses = 0
    end()
    expect(await sharedText()).not.toBe(text)
  })
})

test('a reset of the log is passed on in slices, once to each stream', async () => {
  const log = new FaultyLog()
  const hub = createHub({ log })
  const streams = Array.from({ length: STREAMS }, () => new CostlyPort())
  for (const stream of streams) hub.subscribe(stream, 'news')
  await settle()
  log.restart()
  const turns = await turnsUntil(() => hub.stats().gaps === STREAMS)
  expect(turns).toBeGreaterThan(5)
  await hub.publish('news', { data: 'after' })
  await turnsUntil(() => hub.stats().delivered === STREAMS)
  const namesOf = ({ events }: FakePort) => events.map(({ event }) => event).join(' ')
  expect(new Set(streams.map(namesOf))).toEqual(new Set(['bookmark gap message']))
})

test('an event of the tick in which the log is reset does not move a stream that subscribes after the reset', async () => {
  const log = new FaultyLog()
  const hub = createHub({ log })
  hub.subscribe(new FakePort(), 'news')
  for (let n = 0; n < 3; n++) await hub.publish('news', { data: n })
  await settle()
  void hub.publish('news', { data: 'lost' })
  log.restart()
  const stream = new FakePort()
  hub.subscribe(stream, 'news')
  await hub.publish('news', { data: 'after' })
  await settle()
  expect(stream.events.map(({ data }) => data)).toEqual(['', 'after'])
})

// One publish under fake timers stopped the hub for all later tests, because the scheduled turn was lost.
test('publishing while fake timers are on loses no turn', async () => {
  const hub = createHub()
  const stream = new FakePort()
  hub.subscribe(stream, 'news')
  jest.useFakeTimers()
  hub.publish('news', { data: 'faked' })
  jest.useRealTimers()
  await settle()
  hub.publish('news', { data: 'real' })
  await settle()
  expect(stream.events.map(({ data }) => data)).toEqual(['', 'faked', 'real'])
})
