import type { ConnectOptions, NodeRedisClient, RedisConnection } from './redis-client.ts'

interface NodeRedis extends NodeRedisClient {
  connect(): Promise<unknown>
  on(event: string, listener: (error?: unknown) => void): unknown
}

/**
 * Connects a duplicate of a node-redis client, or of a cluster, which comes back never by itself.
 *
 * @param key - of the stream: a cluster finds its node by it
 */
export function connectNodeRedis(
  client: NodeRedisClient,
  key: string,
  { timeout, onLost }: ConnectOptions,
): RedisConnection {
  // XREAD waits for longer than an app's other commands may, and answers must come as they are.
  const commandOptions = { timeout: undefined }
  const cluster = isCluster(client)
  const settings = cluster
    ? { commandOptions }
    : {
        commandOptions,
        disableOfflineQueue: true,
        clientSideCache: undefined,
        socket: {
          ...socketOf(client),
          connectTimeout: timeout,
          socketTimeout: undefined,
          reconnectStrategy: false,
        },
      }
  const copy: unknown = Reflect.apply(client.duplicate, client, [settings])
  if (!isNodeRedis(copy)) throw new TypeError('duplicate() of the Redis client does not give a Redis client.')
  copy.on('error', onLost)
  copy.on('end', onLost)
  const destroy = () => {
    try {
      copy.destroy()
    } catch {
      // It throws when it is closed already.
    }
  }
  const opened = copy.connect()
  return {
    opened,
    send: (args) => Reflect.apply(copy.sendCommand, copy, cluster ? [key, false, args] : [args]),
    close() {
      destroy()
      // One that is destroyed while it connects goes on to connect, and stays.
      opened.then(destroy, () => {})
    },
  }
}

function isCluster(client: NodeRedisClient): boolean {
  return 'masters' in client
}

function socketOf(client: NodeRedisClient): object {
  const options = 'options' in client ? client.options : undefined
  if (typeof options !== 'object' || options === null || !('socket' in options)) return {}
  return typeof options.socket === 'object' && options.socket !== null ? options.socket : {}
}

function isNodeRedis(value: unknown): value is NodeRedis {
  return (
    typeof value === 'object' &&
    value !== null &&
    'sendCommand' in value &&
    'connect' in value &&
    'on' in value
  )
}
