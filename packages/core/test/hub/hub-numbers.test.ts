import { setTimeout as sleep } from 'node:timers/promises'
import { createHub } from '../../src/hub/create-hub.ts'
import { MemoryLog } from '../../src/log/memory-log.ts'
import { FakePort } from './fake-port.ts'
import { settle } from './settle.ts'

test('reports which channels are followed, by how many streams, and how many streams each key has', async () => {
  const hub = createHub()
  const leave = hub.subscribe(new FakePort(), ['a', 'b'], { key: 'ada' })
  hub.subscribe(new FakePort(), 'a', { key: 'ada' })
  hub.subscribe(new FakePort(), 'a', { key: 'bob' })
  hub.subscribe(new FakePort(), 'a')
  // A loop inside the process is not a stream.
  const loop = hub.events(['a', 'c'])
  void loop.next()
  await settle()
  expect([...hub.channels()]).toEqual([
    { name: 'a', streams: 4 },
    { name: 'b', streams: 1 },
  ])
  expect(['a', 'b', 'c', 'd'].map((name) => hub.count(name))).toEqual([4, 1, 0, 0])
  expect([...hub.keys()]).toEqual(['ada', 'bob'])
  leave()
  expect([...hub.channels()]).toEqual([{ name: 'a', streams: 3 }])
  void loop.return?.()
  expect(hub.count('a')).toBe(3)
})

test('counts the publishes that the log has not confirmed', async () => {
  const log = new MemoryLog()
  const hub = createHub({ log, onError: () => {} })
  await hub.publish('a', { data: 1 })
  log.append = () => Promise.reject(new Error('away'))
  for (let n = 0; n < 3; n++) await hub.publish('a', { data: n }).catch(() => {})
  expect(hub.stats()).toMatchObject({ published: 1, rejected: 3 })
})

test('reports the age of the oldest entry of the tail', async () => {
  const hub = createHub({ tail: { length: 2 } })
  await hub.ready()
  expect(hub.stats().tail.age).toBe(0)
  await hub.publish('a', { data: 'oldest' })
  await sleep(60)
  await hub.publish('a', { data: 'newest' })
  expect(hub.stats().tail.age).toBeGreaterThanOrEqual(50)
})

test('counts the reads of the log for clients that reconnect', async () => {
  const hub = createHub({ tail: { length: 1 } })
  const id = await hub.publish('a', { data: 'aaa' })
  for (let n = 0; n < 3; n++) await hub.publish('a', { data: 'aaa' })
  expect(hub.stats().catchUp).toEqual({ reads: 0, bytes: 0 })
  const port = new FakePort(id)
  hub.subscribe(port, 'a')
  while (port.events.length < 3) await settle()
  // Each entry has a channel of one byte and three of data.
  expect(hub.stats().catchUp.reads).toBeGreaterThanOrEqual(1)
  expect(hub.stats().catchUp.bytes % 4).toBe(0)
  expect(hub.stats().catchUp.bytes).toBeGreaterThanOrEqual(8)
  expect(port.sentEvents).toBe(3)
})

test('reports the lag that its log reports, and none with a log that delivers at once', () => {
  expect(createHub().stats().behind).toBe(0)
  expect(createHub({ log: Object.assign(new MemoryLog(), { behind: () => 1_234 }) }).stats().behind).toBe(
    1_234,
  )
})
