import { eventually } from '@downstream/testing'
import { TimeoutError } from '../../src/connection/session.ts'
import { RedisLog, type RedisLogOptions } from '../../src/index.ts'
import { LogPages } from '../../src/stream/log-pages.ts'
import type { RedisStream } from '../../src/stream/redis-stream.ts'
import { FaultyProxy } from '../harness/faulty-proxy.ts'
import { RecordingFollower } from '../harness/recording-follower.ts'
import { redisClients } from '../harness/redis-clients.ts'
import { RedisServer } from '../harness/redis-server.ts'

let server: RedisServer
let count = 0
const opened: (() => unknown)[] = []

beforeAll(async () => {
  server = await RedisServer.start()
})

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
})

afterAll(() => server?.close())

function open(options: RedisLogOptions = {}, port = server.port): { log: RedisLog; key: string } {
  const { client, close } = redisClients['ioredis 6'](port)
  const key = `log ${count++}`
  const log = new RedisLog(client, { key, ...options })
  opened.push(close, () => log.close())
  return { log, key }
}

const entry = (data: string) => ({ channels: ['c'], data })
const bounds = { length: 500, bytes: 65_536 }

// A page was limited by its count and not by its bytes: 500 entries of 60 KB for each client, 30 MB in one reply of
// Redis.
test('a page of large entries has a few of them, and all arrive page by page', async () => {
  const { log } = open()
  const first = await log.append(entry('0'))
  const heavy = 'x'.repeat(60_000)
  for (let n = 1; n <= 60; n++) await log.append(entry(`${n} ${heavy}`))
  const got: string[] = []
  let longest = 0
  for (let after = first; ; ) {
    const page = await log.read(after, bounds)
    if (page.gap) throw new Error(page.reason)
    if (page.entries.length === 0) break
    longest = Math.max(longest, page.entries.length)
    got.push(...page.entries.map(({ data }) => data.split(' ')[0] as string))
    after = page.entries.at(-1)?.cursor as string
  }
  expect(got).toEqual(Array.from({ length: 60 }, (_, n) => String(n + 1)))
  expect(longest).toBe(1)
})

// Redis sent 501 entries before the nonce was compared: a hundred aborted requests cost 962 MB.
test('a forged cursor costs Redis one row', async () => {
  const { log } = open()
  const cursors = await Promise.all(Array.from({ length: 100 }, (_, n) => log.append(entry(String(n)))))
  const forged = `${(cursors[0] as string).slice(0, -8)}AAAAAAAA`
  const commands = await server.commandsDuring(async () => {
    expect(await log.read(forged, bounds)).toEqual({ gap: true, reason: 'expired' })
  })
  const ranges = commands.filter(([name]) => name === 'XRANGE')
  expect(ranges).toHaveLength(1)
  // The range is a single id.
  expect(ranges[0]?.[2]).toBe(ranges[0]?.[3])
})

test('a read that is aborted rejects with the reason, and is not sent', async () => {
  const { log } = open()
  const cursor = await log.append(entry('1'))
  const reason = new Error('gone')
  const commands = await server.commandsDuring(async () => {
    await expect(log.read(cursor, bounds, AbortSignal.abort(reason))).rejects.toBe(reason)
  })
  expect(commands.filter(([name]) => name === 'XRANGE')).toEqual([])
})

// A page that timed out closed the connection, and with it every publish failed.
test('reads that hang reject, while events are published', async () => {
  const proxy = await FaultyProxy.open(server.port)
  opened.push(() => proxy.close())
  const { log } = open({ timeout: 2_000 }, proxy.port)
  const cursor = await log.append(entry('1'))
  await log.read(cursor, bounds)
  // The connection for reads is the newest.
  proxy.blackHole('newest')
  const reading = log.read(cursor, bounds)
  await Promise.all([
    expect(reading).rejects.toMatchObject({ code: 'ERR_SSE_LOG_UNAVAILABLE' }),
    log.append(entry('2')),
  ])
  expect(await log.read(cursor, bounds)).toMatchObject({ entries: [{ data: '2' }] })
})

// 580 events of 60 KB never arrived over 32 Mbit/s: each attempt asked for the same page, which took too long.
test('a page that did not arrive in time is requested again, smaller', async () => {
  const rows = Array.from({ length: 40 }, (_, n) => {
    const position = { id: `1-${n}`, nonce: 'abcdefgh' }
    const nonce = String(n).padStart(8, '0')
    return n === 0
      ? { ...position }
      : { ...position, nonce, entry: { ...entry('x'), cursor: `1-${n}-${nonce}` } }
  })
  const asked: number[] = []
  const slow = {
    holds: async () => true,
    async range(_: string, count: number) {
      asked.push(count)
      if (count > 3) throw new TimeoutError('Redis has not answered.')
      return rows.slice(0, count)
    },
  }
  const pages = new LogPages(slow as unknown as RedisStream, undefined)
  for (let attempt = 0; attempt < 2; attempt++)
    await expect(pages.read('1-0-abcdefgh', { ...bounds, length: 2 ** attempt * 20 })).rejects.toThrow(
      TimeoutError,
    )
  expect(await pages.read('1-0-abcdefgh', { ...bounds, length: 2 })).toMatchObject({
    gap: false,
    entries: [{ cursor: '1-1-00000001' }, { cursor: '1-2-00000002' }],
  })
  // Two entries, and the row of the cursor.
  expect(asked).toEqual([21, 9, 3])
})

/** Row n of a stream: an entry, or a second one with the same nonce. */
function rowOf(n: number, nonce = String(n).padStart(8, '0')) {
  return { id: `1-${n}`, nonce, entry: { ...entry(nonce), cursor: `1-${n}-${nonce}` } }
}

test('of an entry that is stored twice in a row, one is delivered, even if no follower has noticed', async () => {
  const nonces = ['aaaaaaaa', 'aaaaaaaa', 'bbbbbbbb', 'bbbbbbbb', 'cccccccc']
  const rows = nonces.map((nonce, n) => rowOf(n, nonce))
  const stream = { holds: async () => true, range: async () => rows }
  const pages = new LogPages(stream as unknown as RedisStream, undefined)
  const reading = await pages.read('1-0-aaaaaaaa', bounds)
  expect(!reading.gap && reading.entries.map(({ data }) => data)).toEqual(['bbbbbbbb', 'cccccccc'])
})

test('the last thousand cursors at which pages ended are not looked up again, but earlier ones are', async () => {
  const holds = jest.fn(async () => true)
  const range = async (id: string) => [0, 1].map((n) => rowOf(Number(id.slice(2)) + n))
  const pages = new LogPages({ holds, range } as unknown as RedisStream, undefined)
  const read = (n: number) => pages.read(`1-${n}-${String(n).padStart(8, '0')}`, { ...bounds, length: 1 })
  for (let n = 0; n <= 1_000; n++) await read(n)
  expect(holds).toHaveBeenCalledTimes(1)
  await read(2)
  expect(holds).toHaveBeenCalledTimes(1)
  await read(1)
  expect(holds).toHaveBeenCalledTimes(2)
})

// Each read waits for a follower that has not noticed a loss yet. With a follower that never does, a thousand clients
// would wait one after another.
test('only one read waits for a follower that does not notice a loss', async () => {
  let now = performance.now()
  const clock = jest.spyOn(performance, 'now').mockImplementation(() => {
    now += 500
    return now
  })
  opened.push(() => clock.mockRestore())
  const follower = { id: '9-0', nonce: 'abcdefgh' }
  const positionOf = jest.fn(() => follower)
  const pages = new LogPages({ holds: async () => false } as unknown as RedisStream, undefined, positionOf)
  const expired = { gap: true, reason: 'expired' }
  expect(await pages.read('1-0-abcdefgh', bounds)).toEqual(expired)
  expect(positionOf.mock.calls.length).toBeGreaterThan(2)
  positionOf.mockClear()
  expect(await pages.read('2-0-abcdefgh', bounds)).toEqual(expired)
  expect(positionOf).toHaveBeenCalledTimes(1)
})

test('a read that waits for a follower ends with its signal', async () => {
  const follower = { id: '9-0', nonce: 'abcdefgh' }
  const pages = new LogPages(
    { holds: async () => false } as unknown as RedisStream,
    undefined,
    () => follower,
  )
  const leaving = new AbortController()
  const reading = pages.read('1-0-abcdefgh', bounds, leaving.signal)
  setImmediate(() => leaving.abort())
  await expect(reading).rejects.toThrow('aborted')
})

// A proxy that sends a command twice stores its entry twice; a client that reconnected received both.
test('an entry that is in the stream twice is delivered once', async () => {
  const { log, key } = open()
  const follower = RecordingFollower.of(log)
  await eventually('the start', () => follower.head !== '')
  const first = await log.append(entry('0'))
  for (const n of ['aaaaaaaa', 'bbbbbbbb', 'aaaaaaaa', 'bbbbbbbb']) {
    await server.command('XADD', key, '*', 'n', n, 'c', 'c', 'd', n)
  }
  await log.append(entry('last'))
  await eventually('the last one', () => follower.data.includes('last'))
  expect(follower.data).toEqual(['0', 'aaaaaaaa', 'bbbbbbbb', 'last'])
  const data: string[] = []
  for (let after = first; ; ) {
    const page = await log.read(after, { length: 1, bytes: 1_000 })
    if (page.gap || page.entries[0] === undefined) break
    data.push(page.entries[0].data)
    after = page.entries[0].cursor
  }
  expect(data).toEqual(['aaaaaaaa', 'bbbbbbbb', 'last'])
})

test('a mark of a newer version stops readers, followers and those that start, with an error that says so', async () => {
  const { log, key } = open()
  const follower = RecordingFollower.of(log)
  await eventually('the start', () => follower.states.includes('up'))
  const cursor = await log.append(entry('1'))
  await server.command('XADD', key, '*', 'n', 'abcdefgh', 'm', 'something new')
  await server.command('XADD', key, '*', 'n', 'ABCDEFGH', 'c', 'c', 'd', 'behind')
  const isStopped = ({ states }: RecordingFollower) =>
    states.some((state) => state.includes('update this process'))
  await eventually('the error', () => isStopped(follower))
  expect(follower.data).toEqual(['1'])
  await expect(log.read(cursor, bounds)).rejects.toThrow('update this process')
  const late = RecordingFollower.of(log)
  await eventually('the error of the late one', () => isStopped(late))
  expect(late.data).toEqual([])
})

test('rows of other programs are reported', async () => {
  const { log, key } = open()
  const follower = RecordingFollower.of(log)
  await eventually('the start', () => follower.states.includes('up'))
  for (let n = 0; n < 12; n++) await server.command('XADD', key, '*', 'c', 'c', 'd', 'without a nonce')
  await log.append(entry('1'))
  await eventually('the entry', () => follower.data.includes('1'))
  const reports = follower.states.filter((state) => state.includes('Another program'))
  expect(reports.length).toBeGreaterThanOrEqual(1)
  expect(reports.length).toBeLessThanOrEqual(2)
})

test('if two logs with one key differ in maxLength, the one with the larger value reports it', async () => {
  const { log, key } = open({ maxLength: 5_000 })
  const { client, close } = redisClients['ioredis 6'](server.port)
  const short = new RedisLog(client, { key, maxLength: 100 })
  opened.push(close, () => short.close())
  const follower = RecordingFollower.of(log)
  await eventually('the start', () => follower.states.includes('up'))
  await eventually('the warning', async () => {
    // A few at a time, so that the follower keeps up.
    await Promise.all(Array.from({ length: 50 }, () => short.append(entry('x'))))
    const last = String(follower.data.length)
    await short.append(entry(last))
    await eventually('the follower', () => follower.data.includes(last))
    return follower.states.some((state) => state.includes('smaller maxLength'))
  })
  expect(follower.states.filter((state) => state.includes('smaller maxLength'))).toHaveLength(1)
})

describe('maxAge', () => {
  const old = (n: number) => `${Date.now() - 3_600_000}-${n}`

  // Entries four times as old as maxAge were delivered.
  test('a client that needs an older entry gets a gap', async () => {
    const { log, key } = open({ maxAge: 60_000 })
    const ids: string[] = []
    for (let n = 1; n <= 3; n++) {
      ids.push(
        String(await server.command('XADD', key, old(n), 'n', `nonce--${n}`, 'c', 'c', 'd', String(n))),
      )
    }
    const young = await log.append(entry('young'))
    expect(await log.read(`${ids[0]}-nonce--1`, bounds)).toEqual({ gap: true, reason: 'expired' })
    expect(await log.read(`${ids[2]}-nonce--3`, bounds)).toMatchObject({ entries: [{ cursor: young }] })
  })

  // XTRIM dropped the entry at which all clients were: a gap for every client, at the first event after a quiet hour.
  test('an idle hub sends no gap', async () => {
    const { log, key } = open({ maxAge: 500 })
    for (let n = 1; n <= 300; n++) {
      await server.command('XADD', key, old(n), 'n', String(n).padStart(8, '0'), 'c', 'c', 'd', 'old')
    }
    const follower = RecordingFollower.of(log)
    await eventually('the start', () => follower.head !== '')
    const place = follower.head
    await eventually('the old ones are dropped', async () => Number(await server.command('XLEN', key)) < 300)
    const cursor = await log.append(entry('new'))
    await eventually('the new one', () => follower.data.includes('new'))
    expect(follower.resets).toEqual([])
    expect(await log.read(place, bounds)).toMatchObject({ gap: false, entries: [{ cursor }] })
  })

  test('a refused XTRIM is reported', async () => {
    await server.command('ACL', 'SETUSER', 'default', '-xtrim')
    opened.push(() => server.command('ACL', 'SETUSER', 'default', '+@all'))
    const { log } = open({ maxAge: 100 })
    const follower = RecordingFollower.of(log)
    await eventually('the start', () => follower.head !== '')
    await eventually('the warning', async () => {
      await log.append(entry('1'))
      return follower.states.some((state) => state.includes('maxAge'))
    })
  })
})

test('missing permissions are reported as a refusal', async () => {
  await server.command('ACL', 'SETUSER', 'default', '-xread')
  opened.push(() => server.command('ACL', 'SETUSER', 'default', '+@all'))
  const { log } = open()
  const follower = RecordingFollower.of(log)
  await eventually('the refusal', () =>
    follower.states.some((state) => state.includes('Redis refuses access')),
  )
})
