export type { IoredisClient, NodeRedisClient, RedisClient } from './connection/redis-client.ts'
export { RedisLog } from './redis-log.ts'
export type { RedisLogOptions } from './redis-log-options.ts'
