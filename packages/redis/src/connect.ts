import { SseError } from '@downstream/core'
import { connectIoredis } from './connect-ioredis.ts'
import { connectNodeRedis } from './connect-node-redis.ts'
import type { ConnectOptions, RedisClient, RedisConnection } from './redis-client.ts'

/** Opens a connection of our own to where a client connects. */
export type Connect = (options: ConnectOptions) => RedisConnection

/**
 * How to connect to where `client` does.
 *
 * @param key - of the stream: a cluster finds its node by it
 * @throws SseError ERR_SSE_INVALID_OPTION for what is no client that we know
 */
export function connectorOf(client: RedisClient, key: string): Connect {
  if (typeof client === 'object' && client !== null && typeof client.duplicate === 'function') {
    if ('call' in client) return (options) => connectIoredis(client, options)
    if ('sendCommand' in client) return (options) => connectNodeRedis(client, key, options)
  }
  throw new SseError(
    'ERR_SSE_INVALID_OPTION',
    'RedisLog takes a client or a cluster of ioredis 5 or 6, iovalkey, or redis (node-redis) 5 or 6.',
  )
}
