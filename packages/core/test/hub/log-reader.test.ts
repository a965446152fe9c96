import { LogReader, type PageReading } from '../../src/hub/log-reader.ts'
import { nextTurn } from '../../src/process/clock.ts'
import { FaultyLog } from './faulty-log.ts'
import { settle } from './settle.ts'

const { signal } = new AbortController()

/** A reader of a log of entries, whose reads wait; `cursors` are the cursors before each of them. */
async function start(count = 10, data: (n: number) => string = String) {
  const log = new FaultyLog()
  const cursors: string[] = []
  for (let n = 0; n < count; n++) cursors.push(await log.append({ channels: [`c${n % 2}`], data: data(n) }))
  log.readsHeld = true
  const onError = jest.fn()
  return { log, cursors, onError, reader: new LogReader(log, onError) }
}

const dataOf = (reading: PageReading | undefined) =>
  reading?.gap === false && reading.page.entries.slice(reading.from).map(({ data }) => data)

test('readers at the same cursor share one read and its page', async () => {
  const { log, cursors, reader } = await start()
  const pages = Array.from({ length: 1_000 }, () =>
    reader.read(cursors[0] as string, new AbortController().signal),
  )
  log.releaseReads()
  const [first, ...others] = await Promise.all(pages)
  expect(log.reads).toBe(1)
  expect(others.every((page) => page === first)).toBe(true)
  expect(dataOf(first)).toEqual([...'123456789'])
})

// Waking a hundred clients for each page was most of the cost of a hundred clients far back, four times that of one.
test('several pages are read together for streams that wait at one cursor, but only one for a single stream', async () => {
  const { log, cursors, reader } = await start(9_000)
  log.releaseReads()
  const cursor = cursors[0] as string
  const alone = await reader.read(cursor, signal)
  expect(log.reads).toBe(1)
  reader.reset()
  const [together] = await Promise.all([
    reader.read(cursor, new AbortController().signal),
    reader.read(cursor, new AbortController().signal),
  ])
  expect(together).toEqual(alone)
  expect(log.reads).toBe(1 + 8)
  let pages = 0
  for (let next: PageReading | undefined = together; next?.gap === false; next = reader.recent(next.page.end))
    pages++
  expect(pages).toBe(8)
})

test('a reader inside a page that was just read gets the rest of that page', async () => {
  const { log, cursors, reader } = await start()
  log.releaseReads()
  await reader.read(cursors[0] as string, signal)
  expect(dataOf(await reader.read(cursors[4] as string, signal))).toEqual([...'56789'])
  expect(log.reads).toBe(1)
  // The end of the page is not the end of the log.
  await log.append({ channels: ['c'], data: 'new' })
  expect(dataOf(await reader.read(cursors[9] as string, signal))).toEqual(['new'])
  expect(log.reads).toBe(2)
})

test('streams that start at different cursors soon read the same pages', async () => {
  const { log, cursors, reader } = await start(9_000)
  log.releaseReads()
  const readAll = async (cursor: string) => {
    const { signal } = new AbortController()
    let at = cursor
    for (;;) {
      const reading = await reader.read(at, signal)
      if (reading.gap || reading.page.length === reading.from) return
      at = reading.page.end
    }
  }
  await Promise.all(cursors.slice(0, 100).map(readAll))
  // Nine pages, the ends, and the first reads, which ran concurrently. Without sharing there are 900.
  expect(log.reads).toBeLessThan(30)
})

// Four reads that ran ahead at once read the same pages, three times as many as one stream.
test('a hundred streams close together read each page of a slow log about once', async () => {
  const { log, cursors, reader } = await start(9_000)
  log.releaseReads()
  const read = log.read.bind(log)
  log.read = async (...args) => {
    for (let turns = 0; turns < 5; turns++) await nextTurn()
    return read(...args)
  }
  const readAll = async (cursor: string) => {
    const { signal } = new AbortController()
    for (let at = cursor; at !== cursors.at(-1); ) {
      const reading = reader.recent(at) ?? (await reader.read(at, signal))
      if (reading.gap) throw new Error(reading.reason)
      at = reading.page.end
    }
  }
  await readAll(cursors[0] as string)
  const alone = log.reads
  reader.reset()
  const all: Promise<void>[] = []
  for (let n = 0; n < 100; n++) {
    all.push(readAll(cursors[n] as string))
    await nextTurn()
  }
  await Promise.all(all)
  // The first four start at different cursors.
  expect(log.reads - alone).toBeLessThanOrEqual(alone + 3)
})

test('a page that was read before the log was reset is not used again', async () => {
  const { log, cursors, reader } = await start()
  log.releaseReads()
  await reader.read(cursors[0] as string, signal)
  reader.reset()
  await reader.read(cursors[4] as string, signal)
  expect(log.reads).toBe(2)
})

test('few reads run at once, and all get their turn, even if some fail', async () => {
  const { log, cursors, onError, reader } = await start(10, (n) => `${n} ${'x'.repeat(70_000)}`)
  log.failures = 3
  const pages = cursors.map((cursor) => reader.read(cursor, signal))
  const settled = Promise.allSettled(pages)
  await settle()
  expect(log.reads).toBe(4)
  log.releaseReads()
  const states = (await settled).map(({ status }) => status)
  expect(states.filter((status) => status === 'rejected')).toHaveLength(3)
  expect(log.reads).toBe(10)
  expect(log.mostReads).toBe(4)
  expect(onError).toHaveBeenCalledTimes(1)
})

// A client that opened and aborted requests with old ids kept the engine busy: all its reads were made nevertheless.
test('a read that is no longer needed is not made, and its error is not reported', async () => {
  const { log, cursors, onError, reader } = await start()
  const leaving = cursors.map(() => new AbortController())
  const pages = cursors.map((cursor, n) => reader.read(cursor, (leaving[n] as AbortController).signal))
  const settled = Promise.allSettled(pages)
  await settle()
  const stays = reader.read(cursors[8] as string, signal)
  for (const client of leaving) client.abort(new Error('left'))
  expect((await settled).every(({ status }) => status === 'rejected')).toBe(true)
  log.releaseReads()
  expect(dataOf(await stays)).toEqual(['9'])
  // The four that were in progress, and the one that is still needed.
  expect(log.reads).toBe(5)
  expect(onError).not.toHaveBeenCalled()
})

test('a read that nobody needs any more does not keep its turn', async () => {
  const { log, cursors, reader } = await start(1_000, (n) => `${n} ${'x'.repeat(70_000)}`)
  const running = cursors.slice(0, 4).map((cursor) => reader.read(cursor, signal))
  const clients = cursors.slice(4, -1).map((cursor) => {
    const client = new AbortController()
    reader.read(cursor, client.signal).catch(() => {})
    return client
  })
  for (const client of clients) client.abort()
  let isAnswered = false
  void reader.read(cursors.at(-1) as string, signal).then(() => {
    isAnswered = true
  })
  log.releaseReads()
  await Promise.all(running)
  await settle(10)
  expect(isAnswered).toBe(true)
})

test('a page finds the entries of channels, in order, from an index on', async () => {
  const { log, cursors, reader } = await start()
  log.releaseReads()
  const reading = await reader.read(cursors[0] as string, signal)
  const found = (names: string[], from: number) =>
    !reading.gap && reading.page.of(new Set(names), from).map(({ data }) => data)
  expect(found(['c0'], 0)).toEqual([...'2468'])
  expect(found(['c0', 'c1', 'nothing'], 4)).toEqual([...'56789'])
  expect(
    found(
      [...Array(50).keys()].map((n) => `c${n}`),
      4,
    ),
  ).toEqual([...'56789'])
  expect(found(['nothing'], 0)).toEqual([])
})

test('a gap is passed on', async () => {
  const { log, reader } = await start()
  log.releaseReads()
  expect(await reader.read('nothing', signal)).toEqual({ gap: true, reason: 'malformed' })
})
