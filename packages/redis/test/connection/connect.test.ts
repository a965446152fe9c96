import { createSentinel } from 'redis'
import type { RedisClient } from '../../src/connection/redis-client.ts'
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
