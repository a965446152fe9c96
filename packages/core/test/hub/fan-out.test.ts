import { createHub } from '../../src/hub/create-hub.ts'
import { FakePort } from './fake-port.ts'
import { settle } from './settle.ts'

const STREAMS = 10_000

/** Counts how often others have a turn until `done`. */
async function turnsUntil(done: () => boolean): Promise<number> {
  for (let turns = 1; turns < 10_000; turns++) {
    await new Promise((resolve) => setImmediate(resolve))
    if (done()) return turns
  }
  throw new Error('It was never done.')
}

/** A stream whose writes cost time: by default as much as one to the kernel. */
class CostlyPort extends FakePort {
  cost = 0.01

  override write(text: string): boolean {
    const end = performance.now() + this.cost
    while (performance.now() < end);
    return super.write(text)
  }
}

test('delivering to ten thousand streams leaves others their turns in between', async () => {
  const hub = createHub()
  const streams = Array.from({ length: STREAMS }, () => new CostlyPort())
  for (const stream of streams) hub.subscribe(stream, 'news')
  const before = hub.stats().delivered
  await hub.publish('news', { data: 'x' })
  // A tenth of a second of work, of which one turn may take less than a tenth.
  const turns = await turnsUntil(() => hub.stats().delivered - before === STREAMS)
  expect(turns).toBeGreaterThan(5)
})

test('a filter that takes its time does not lengthen a turn', async () => {
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

test('ten thousand streams that resume at once leave others their turns, and get all', async () => {
  const hub = createHub()
  const after = hub.cursor()
  for (let n = 0; n < 20; n++) await hub.publish('news', { data: n })
  const streams = Array.from({ length: STREAMS }, () => new CostlyPort(after))
  for (const stream of streams) hub.subscribe(stream, 'news')
  const turns = await turnsUntil(() => hub.stats().delivered === 20 * STREAMS)
  expect(turns).toBeGreaterThan(5)
  // One write each.
  expect(streams.every(({ writes }) => writes === 1)).toBe(true)
  const [one] = streams
  expect(one?.events.map(({ data }) => data)).toEqual(Array.from({ length: 20 }, (_, n) => String(n)))
})

test('what comes in while it delivers reaches everyone once and in order', async () => {
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

test('a client that is behind does not hold up those that are not', async () => {
  const hub = createHub()
  const after = hub.cursor()
  for (let n = 0; n < 5_000; n++) hub.publish('news', { data: `${n} ${'x'.repeat(500)}` })
  await settle()
  const behind = new CostlyPort(after)
  behind.cost = 2
  const live = new FakePort()
  hub.subscribe(behind, 'news')
  hub.subscribe(live, 'news')
  await hub.publish('news', { data: 'live' })
  await turnsUntil(() => live.text.includes('live'))
  expect(behind.events.length).toBeLessThan(5_000)
  await turnsUntil(() => behind.text.includes('live'))
  expect(behind.events).toHaveLength(5_001)
})
