import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { Redis } from 'ioredis'
import { Redis as Redis5 } from 'ioredis5'
import { Redis as Valkey } from 'iovalkey'
import { createSentinel } from 'redis'
import { connectorOf } from '../../src/connection/connect.ts'
import type { RedisClient, RedisConnection } from '../../src/connection/redis-client.ts'
import { RedisLog } from '../../src/redis-log.ts'

test('refuses a sentinel client of node-redis by name, because it repeats commands', () => {
  const sentinel = createSentinel({
    name: 'mymaster',
    sentinelRootNodes: [{ host: '127.0.0.1', port: 26_379 }],
  })
  expect(() => new RedisLog(sentinel as unknown as RedisClient)).toThrow(
    expect.objectContaining({
      code: 'ERR_SSE_INVALID_OPTION',
      message: expect.stringContaining('createSentinel()'),
    }),
  )
})

test.each<[string, unknown]>([
  ['nothing', undefined],
  ['a URL', 'redis://localhost'],
  ['options', { host: 'localhost' }],
  ['another client', { duplicate() {}, query() {} }],
])('refuses %s instead of a client', (_, client) => {
  expect(() => new RedisLog(client as RedisClient)).toThrow(
    expect.objectContaining({ code: 'ERR_SSE_INVALID_OPTION', message: expect.stringContaining('ioredis') }),
  )
})

test('says what to write for a URL', () => {
  expect(() => new RedisLog('redis://localhost' as unknown as RedisClient)).toThrow(
    'For a URL write new RedisLog(new Redis(url)).',
  )
})

// Where Redis cannot close the connection, the system would deliver a rejected publish as soon as the network permits.
describe.each<[client: string, open: (port: number) => Redis | Redis5 | Valkey]>([
  ['ioredis 6', (port) => new Redis(port, '127.0.0.1', { lazyConnect: true })],
  ['ioredis 5', (port) => new Redis5(port, '127.0.0.1', { lazyConnect: true })],
  ['iovalkey', (port) => new Valkey(port, '127.0.0.1', { lazyConnect: true })],
])('a connection of %s that is given up', (_, open) => {
  let server: Server
  let connection: RedisConnection
  let ours: Socket
  let theirs: Socket

  beforeEach(async () => {
    server = createServer()
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const client = open((server.address() as AddressInfo).port)
    const { duplicate } = client
    let copy: unknown
    Object.assign(client, {
      duplicate: (...settings: []) => {
        copy = Reflect.apply(duplicate, client, settings)
        return copy
      },
    })
    connection = connectorOf(client, 'key')({ timeout: 60_000, onLost() {} })
    connection.opened.catch(() => {})
    ;[theirs] = (await once(server, 'connection')) as [Socket]
    await once(theirs, 'data')
    ours = (copy as { stream: Socket }).stream
  })

  afterEach(() => {
    theirs.destroy()
    server.close()
  })

  test('is reset, not ended', async () => {
    connection.close()
    await expect(once(theirs, 'end')).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  test('is closed on our side too if its end is just being sent', async () => {
    theirs.on('error', () => {})
    const closed = once(ours, 'close')
    ours.end()
    connection.close()
    await closed
  })
})

// The first publisher opens the connection: all later answers came in the context of that request, and its store was
// retained.
test.each([
  ['ioredis', { call() {} }],
  ['node-redis', { sendCommand() {} }],
])('opens the connections of %s in the context in which the log was created', (_, methods) => {
  const user = new AsyncLocalStorage<string>()
  const seen: unknown[] = []
  const client = {
    ...methods,
    duplicate() {
      seen.push(user.getStore())
      throw new Error('not here')
    },
  }
  const connect = user.run('maker', () => connectorOf(client as unknown as RedisClient, 'key'))
  const open = () => connect({ timeout: 1_000, onLost() {} })
  expect(() => user.run('publisher', open)).toThrow('not here')
  expect(seen).toEqual(['maker'])
})
