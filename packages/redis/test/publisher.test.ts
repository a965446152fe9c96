import { eventually } from '@downstream/testing'
import { RedisLog, type RedisLogOptions } from '../src/index.ts'
import { FaultyProxy } from './harness/faulty-proxy.ts'
import { RecordingFollower } from './harness/recording-follower.ts'
import { mostUsedClients, type RedisClientName, redisClients } from './harness/redis-clients.ts'
import { RedisServer } from './harness/redis-server.ts'

let server: RedisServer
let replica: RedisServer
let count = 0

beforeAll(async () => {
  server = await RedisServer.start()
  replica = await RedisServer.start({ replicaOf: server.port })
})

afterAll(() => Promise.all([server?.close(), replica?.close()]))

const opened: (() => unknown)[] = []

// Even after a failed test: an open connection keeps the process alive.
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
})

function open(name: RedisClientName, port: number, options: RedisLogOptions): RedisLog {
  const { client, close } = redisClients[name](port)
  const log = new RedisLog(client, { key: `log ${count++}`, ...options })
  opened.push(close, () => log.close())
  return log
}

async function proxyTo(port: number): Promise<FaultyProxy> {
  const proxy = await FaultyProxy.open(port)
  opened.push(() => proxy.close())
  return proxy
}

const entry = (data: string) => ({ channels: ['c'], data })

describe.each(mostUsedClients)('with %s', (name) => {
  // A publish was rejected at the timeout, then the network delivered it after a newer one: 100, 102, 101.
  test('a publish that was rejected is not stored after a newer one', async () => {
    const proxy = await proxyTo(server.port)
    const log = open(name, proxy.port, { timeout: 2_000 })
    const follower = RecordingFollower.of(log)
    await eventually('the start', () => follower.head !== '')
    await log.append(entry('100'))
    proxy.hold()
    await expect(log.append(entry('101'))).rejects.toMatchObject({ code: 'ERR_SSE_LOG_UNAVAILABLE' })
    await eventually('a new connection', () =>
      log.append(entry('102')).then(
        () => true,
        () => false,
      ),
    )
    proxy.release()
    await log.append(entry('103'))
    await eventually('the last one', () => follower.data.includes('103'))
    const stored = follower.data.filter((data) => data !== '102')
    expect([
      ['100', '103'],
      ['100', '101', '103'],
    ]).toContainEqual(stored)
    expect(follower.data.indexOf('101')).toBeLessThan(follower.data.indexOf('102'))
  })

  test('replicas: a publish resolves when a replica has it, and rejects while there is none', async () => {
    const log = open(name, server.port, { replicas: 1, timeout: 2_000 })
    await eventually('the replica', () =>
      log.append(entry('first')).then(
        () => true,
        () => false,
      ),
    )
    const cursors = await Promise.all(Array.from({ length: 100 }, (_, n) => log.append(entry(String(n)))))
    expect(new Set(cursors).size).toBe(100)
    await replica.command('REPLICAOF', 'NO', 'ONE')
    await expect(log.append(entry('alone'))).rejects.toMatchObject({
      code: 'ERR_SSE_LOG_UNAVAILABLE',
      message: expect.stringContaining('0 of 1 replicas'),
    })
    await replica.command('REPLICAOF', '127.0.0.1', server.port)
  })

  // A replica refused every publish, each on a new connection, while the log reported that it was up.
  test('a read-only server is reported once, and does not cost a connection for each publish', async () => {
    const proxy = await proxyTo(server.port)
    const log = open(name, proxy.port, {})
    const follower = RecordingFollower.of(log)
    await eventually('the start', () => follower.states.includes('up'))
    await server.command('REPLICAOF', '127.0.0.1', replica.port)
    const accepted = proxy.accepted
    let refused = 0
    for (let n = 0; n < 200; n++) await log.append(entry(String(n))).catch(() => refused++)
    expect(refused).toBe(200)
    expect(proxy.accepted - accepted).toBeLessThan(50)
    // Not only while the follower, which can read from a replica, connects again.
    await eventually('the log is down', () => follower.states.some((state) => state.includes('READONLY')))
    expect(follower.states.filter((state) => state.includes('READONLY')).length).toBeLessThanOrEqual(2)
    await server.command('REPLICAOF', 'NO', 'ONE')
    await eventually('the log is up again, even without a publish', () => follower.states.at(-1) === 'up')
  })
})

test('the number of publishes that wait for Redis is bounded, with a clear error for the rest', async () => {
  const hanging = await proxyTo(server.port)
  const log = open('ioredis 6', hanging.port, { timeout: 1_000, maxPendingBytes: 100_000 })
  hanging.blackHole()
  const answers = await Promise.allSettled(
    Array.from({ length: 1_000 }, () => log.append(entry('x'.repeat(1_000)))),
  )
  const codes = answers.map((answer) => (answer.status === 'rejected' ? answer.reason.code : 'stored'))
  expect(codes.filter((code) => code === 'ERR_SSE_LOG_UNAVAILABLE')).toHaveLength(49)
  expect(codes.filter((code) => code === 'ERR_SSE_LOG_BUSY')).toHaveLength(951)
  hanging.heal()
  await eventually('room again', () =>
    log.append(entry('x')).then(
      () => true,
      () => false,
    ),
  )
})
