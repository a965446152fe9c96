import { getEventListeners } from 'node:events'
import { createHub } from '../../src/hub/create-hub.ts'
import type { EventsOptions, HubItem } from '../../src/hub/hub.ts'
import { FaultyLog } from './faulty-log.ts'
import { settle } from './settle.ts'

/** Takes `count` items. */
async function take(events: AsyncIterable<HubItem>, count: number): Promise<HubItem[]> {
  const items: HubItem[] = []
  if (count === 0) return items
  for await (const item of events) if (items.push(item) === count) break
  return items
}

const dataOf = (items: HubItem[]) => items.map(({ data }) => data)

test('yields the events of channels one at a time, with id, channel and name', async () => {
  const hub = createHub()
  const events = hub.events(['a', 'b'])
  const taken = take(events, 3)
  const ids = [await hub.publish('a', { data: 1 })]
  await hub.publish('c', { data: 'other' })
  ids.push(await hub.publish(['c', 'b', 'a'], { event: 'named', data: { n: 2 } }))
  await settle()
  ids.push(await hub.publish('b', { data: 'text' }))
  expect(await taken).toEqual([
    { id: ids[0], channel: 'a', event: 'message', data: '1' },
    { id: ids[1], channel: 'b', event: 'named', data: '{"n":2}' },
    { id: ids[2], channel: 'b', event: 'message', data: 'text' },
  ])
  expect(hub.stats().channels).toBe(0)
})

test.each<[from: string, tail: number]>([
  ['the tail', 1_000],
  ['the log', 3],
])('starts after `after`, from %s', async (_, length) => {
  const hub = createHub({ tail: { length } })
  const after = hub.cursor()
  for (let n = 0; n < 50; n++) await hub.publish(n % 5 === 0 ? 'news' : 'other', { data: n })
  const taken = take(hub.events('news', { after }), 12)
  await settle(10)
  for (const data of [50, 51]) await hub.publish('news', { data })
  expect(dataOf(await taken)).toEqual(['0', '5', '10', '15', '20', '25', '30', '35', '40', '45', '50', '51'])
})

test('starts at the cursor of the hub at the time of the call, without `after`', async () => {
  const hub = createHub()
  await hub.publish('news', { data: 'before' })
  const events = hub.events('news')
  await hub.publish('news', { data: 'after' })
  expect(dataOf(await take(events, 1))).toEqual(['after'])
})

test('waits until the hub is ready', async () => {
  const log = new FaultyLog({}, { startHeld: true })
  const hub = createHub({ log })
  const taken = take(hub.events('news'), 1)
  await hub.publish('news', { data: 'early' })
  await settle()
  log.releaseStart()
  await settle()
  void log.append({ channels: ['news'], data: 'live' })
  expect(dataOf(await taken)).toEqual(['live'])
})

test('a slow consumer misses nothing that the log holds, and gets a gap for what it does not hold', async () => {
  const log = new FaultyLog({ length: 100 })
  const hub = createHub({ log, tail: { length: 3 } })
  const events = hub.events('news')
  void hub.publish('news', { data: 0 })
  const first = await events.next()
  for (let n = 1; n < 60; n++) await hub.publish('news', { data: n })
  const rest: string[] = []
  for (let n = 1; n < 60; n++) rest.push((await events.next()).value.data)
  expect([first.value.data, ...rest]).toEqual(Array.from({ length: 60 }, (_, n) => String(n)))
  for (let n = 0; n < 200; n++) await hub.publish('news', { data: n })
  const { value: gap } = await events.next()
  expect([gap.event, gap.channel, JSON.parse(gap.data).reason]).toEqual(['gap', '', 'slow'])
  expect(gap.id).toMatch(/./)
  expect((await events.next()).value.data).toBe('197')
  await events.return?.()
})

test.each(['trimmed', 'log-changed'])('a reset of the log yields a gap: %s', async (reason) => {
  const log = new FaultyLog()
  const hub = createHub({ log })
  const taken = take(hub.events('news'), 2)
  await settle()
  if (reason === 'trimmed') log.lose()
  else log.restart()
  await hub.publish('news', { data: 'after' })
  const [gap, event] = await taken
  expect([gap?.event, gap?.id === '', event?.data]).toEqual(['gap', false, 'after'])
  expect(JSON.parse(gap?.data ?? '').reason).toBe(reason)
})

test('yields only what the filter accepts; a filter that returns no boolean ends the events', async () => {
  const hub = createHub()
  const filter = ({ data }: { data: string }) => data !== 'no'
  const taken = take(hub.events('news', { filter }), 2)
  for (const data of ['yes', 'no', 'again']) await hub.publish('news', { data })
  expect(dataOf(await taken)).toEqual(['yes', 'again'])
  const broken = hub.events('news', { filter: (async () => false) as unknown as () => boolean })
  const next = broken.next()
  await hub.publish('news', { data: 'x' })
  await expect(next).rejects.toMatchObject({ code: 'ERR_SSE_INVALID_OPTION' })
  expect(await broken.next()).toEqual({ done: true, value: undefined })
})

describe('the events end, and release everything,', () => {
  test.each<
    [how: string, end: (ends: { abort: () => void; leave: () => unknown; close: () => unknown }) => unknown]
  >([
    ['when the signal aborts', ({ abort }) => abort()],
    ['when they are left while a call of next() waits', ({ leave }) => leave()],
    ['when the hub is closed', ({ close }) => close()],
  ])('%s', async (_, end) => {
    const hub = createHub()
    const controller = new AbortController()
    const events = hub.events('news', { signal: controller.signal })
    const next = events.next()
    await settle()
    expect(hub.stats().channels).toBe(1)
    await end({
      abort: () => controller.abort(),
      leave: () => events.return?.(),
      close: () => hub.close(),
    })
    expect(await next).toEqual({ done: true, value: undefined })
    expect(await events.next()).toEqual({ done: true, value: undefined })
    expect(hub.stats().channels).toBe(0)
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
  })

  test('if the signal is already aborted', async () => {
    const events = createHub().events('news', { signal: AbortSignal.abort() })
    expect(await take(events, 1)).toEqual([])
  })

  test('while the log is read', async () => {
    const log = new FaultyLog()
    const hub = createHub({ log, tail: { length: 1 } })
    const after = hub.cursor()
    for (let n = 0; n < 5; n++) await hub.publish('news', { data: n })
    log.readsHeld = true
    const events = hub.events('news', { after })
    const next = events.next()
    await settle()
    await events.return?.()
    expect(await next).toEqual({ done: true, value: undefined })
  })
})

test('several calls of next() are answered in order', async () => {
  const hub = createHub()
  const events = hub.events('news')
  const calls = [1, 2, 3].map(() => events.next())
  for (const data of ['a', 'b', 'c']) void hub.publish('news', { data })
  expect((await Promise.all(calls)).map(({ value }) => value.data)).toEqual(['a', 'b', 'c'])
  await events.return?.()
})

test.each<[what: string, channels: unknown, options: unknown, code: string]>([
  ['no channel', [], {}, 'ERR_SSE_INVALID_CHANNEL'],
  ['a filter of text', 'news', { filter: 'x' }, 'ERR_SSE_INVALID_OPTION'],
  ['a signal that is none', 'news', { signal: true }, 'ERR_SSE_INVALID_OPTION'],
  ['a misspelt option', 'news', { fliter: () => false }, 'ERR_SSE_INVALID_OPTION'],
])('events() refuses %s', (_, channels, options, code) => {
  expect(() => createHub().events(channels as string, options as EventsOptions)).toThrow(
    expect.objectContaining({ code }),
  )
})
