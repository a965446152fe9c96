import { AsyncResource } from 'node:async_hooks'
import { SseError } from '@downstream/core'
import { connectIoredis, isIoredisCluster } from './connect-ioredis.ts'
import { connectNodeRedis } from './connect-node-redis.ts'
import type { ConnectOptions, RedisClient, RedisConnection } from './redis-client.ts'

export { isIoredisCluster }

/** Opens a connection of our own to the server of a client. */
export type Connect = (options: ConnectOptions) => RedisConnection

/**
 * Returns a function that opens connections to the server of `client`. Each has settings of our own: no reconnect, no
 * command sent twice, no queue while the server cannot be reached. {@link GuardedConnection} does these better.
 *
 * @param key - the key of what is stored, with which a cluster finds its node
 * @throws SseError ERR_SSE_INVALID_OPTION for anything that is not a supported client
 */
export function connectorOf(client: RedisClient, key: string): Connect {
  if (isNodeRedisSentinel(client)) {
    throw new SseError(
      'ERR_SSE_INVALID_OPTION',
      'RedisLog and RedisRunStore do not support createSentinel() of node-redis, which sends commands again after a failover. ' +
        'Use ioredis with sentinels, or createClient() with an address that follows the master.',
    )
  }
  if (typeof client === 'object' && client !== null && typeof client.duplicate === 'function') {
    // The first request that needs a connection opens it. It must not stay in that request's async context.
    if ('call' in client) return AsyncResource.bind((options) => connectIoredis(client, options))
    if ('sendCommand' in client)
      return AsyncResource.bind((options) => connectNodeRedis(client, key, options))
  }
  throw new SseError(
    'ERR_SSE_INVALID_OPTION',
    `RedisLog and RedisRunStore take a client or a cluster of ioredis 5 or 6, iovalkey, or redis (node-redis) 5 or 6.${typeof client === 'string' ? ' For a URL write new RedisLog(new Redis(url)).' : ''}`,
  )
}

function isNodeRedisSentinel(client: unknown): boolean {
  return typeof client === 'object' && client !== null && 'getSentinelNode' in client
}
