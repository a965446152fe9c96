import { LogReader } from '../../src/hub/log-reader.ts'
import { FaultyLog } from './faulty-log.ts'
import { settle } from './settle.ts'

/** A reader of a log of ten entries, whose reads wait; `places` are in front of each of them. */
async function start() {
  const log = new FaultyLog()
  const places: string[] = []
  for (let n = 0; n < 10; n++) places.push(await log.append({ channels: ['news'], data: String(n) }))
  log.readsHeld = true
  const onError = jest.fn()
  return { log, places, onError, reader: new LogReader(log, onError) }
}

test('equal places share one read, and its entries, which are encoded once', async () => {
  const { log, places, reader } = await start()
  const pages = Array.from({ length: 1_000 }, () => reader.read(places[0] as string))
  log.releaseReads()
  const [first, ...others] = await Promise.all(pages)
  expect(log.reads).toBe(1)
  expect(others.every((page) => page === first)).toBe(true)
  expect(first?.gap === false && first.entries.map(({ data }) => data)).toEqual([...'123456789'])
})

test('a read that is through is not used again', async () => {
  const { log, places, reader } = await start()
  log.releaseReads()
  await reader.read(places[8] as string)
  await log.append({ channels: ['news'], data: 'new' })
  const page = await reader.read(places[8] as string)
  expect(page.gap === false && page.entries.map(({ data }) => data)).toEqual(['9', 'new'])
  expect(log.reads).toBe(2)
})

test('few reads run at once, and all have their turn, also when some fail', async () => {
  const { log, places, onError, reader } = await start()
  log.failures = 3
  const pages = places.map((place) => reader.read(place))
  const settled = Promise.allSettled(pages)
  await settle()
  expect(log.reads).toBe(4)
  log.releaseReads()
  const states = (await settled).map(({ status }) => status)
  expect(states.filter((status) => status === 'rejected')).toHaveLength(3)
  expect(log.reads).toBe(10)
  expect(log.mostReads).toBe(4)
  expect(onError).toHaveBeenCalledTimes(3)
  await reader.read(places[0] as string)
  expect(log.reads).toBe(11)
})

test('a gap is handed on', async () => {
  const { log, reader } = await start()
  log.releaseReads()
  expect(await reader.read('nothing')).toEqual({ gap: true, reason: 'malformed' })
})
