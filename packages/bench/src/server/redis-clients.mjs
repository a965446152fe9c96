import { Redis } from 'ioredis'
import { createClient } from 'redis'

/** The client that a RedisLog is created with, by contestant; the log uses only its address. */
export const redisClients = {
  /** @param {number} port */
  'redis-ioredis': (port) => new Redis(port, '127.0.0.1', { lazyConnect: true }),
  /** @param {number} port */
  'redis-node-redis': (port) => createClient({ url: `redis://127.0.0.1:${port}` }),
}
