import { Redis } from 'ioredis'
import { createClient } from 'redis'

/** What a RedisLog is made with, by contestant; it looks only where they would connect. */
export const redisClients = {
  /** @param {number} port */
  'redis-ioredis': (port) => new Redis(port, '127.0.0.1', { lazyConnect: true }),
  /** @param {number} port */
  'redis-node-redis': (port) => createClient({ url: `redis://127.0.0.1:${port}` }),
}
