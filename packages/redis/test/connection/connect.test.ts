import type { RedisClient } from '../../src/connection/redis-client.ts'
import { RedisLog } from '../../src/redis-log.ts'

test.each<[string, unknown]>([
  ['nothing', undefined],
  ['a URL', 'redis://localhost'],
  ['options', { host: 'localhost' }],
  ['another client', { duplicate() {}, query() {} }],
])('refuses %s in place of a client', (_, client) => {
  expect(() => new RedisLog(client as RedisClient)).toThrow(
    expect.objectContaining({ code: 'ERR_SSE_INVALID_OPTION', message: expect.stringContaining('ioredis') }),
  )
})
