import type { ConnectOptions, NodeRedisClient, RedisConnection } from './redis-client.ts'

interface NodeRedis extends NodeRedisClient {
  connect(): Promise<unknown>
  on(event: string, listener: (error?: unknown) => void): unknown
  subscribe(channel: string, listener: (text: string) => void): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
}

/**
 * Connects a duplicate of a node-redis client or cluster. The duplicate never reconnects by itself.
 *
 * @param key - the key of the stream, with which a cluster finds its node
 */
export function connectNodeRedis(
  client: NodeRedisClient,
  key: string,
  { timeout, onLost }: ConnectOptions,
): RedisConnection {
  // XREAD waits longer than the app's other commands may, and answers must not be transformed.
  const commandOptions = { timeout: undefined }
  // A client that is destroyed while it connects still connects, and its socket stays open.
  const over = new AbortController()
  const cluster = isCluster(client)
  const settings = cluster
    ? { commandOptions, defaults: nodeDefaults(client, over.signal) }
    : {
        commandOptions,
        disableOfflineQueue: true,
        clientSideCache: undefined,
        socket: {
          ...part(part(client, 'options'), 'socket'),
          signal: over.signal,
          connectTimeout: timeout,
          socketTimeout: undefined,
          reconnectStrategy: false,
        },
      }
  const copy: unknown = Reflect.apply(client.duplicate, client, [settings])
  if (!isNodeRedis(copy))
    throw new TypeError(
      'duplicate() of the Redis client does not return a Redis client. Pass the client itself, not a wrapper.',
    )
  copy.on('error', onLost)
  copy.on('end', onLost)
  const destroy = () => {
    try {
      copy.destroy()
    } catch {
      // destroy() throws if the client is already closed.
    }
  }
  const opened = copy.connect()
  return {
    opened,
    send: (args) => Reflect.apply(copy.sendCommand, copy, cluster ? [key, false, args] : [args]),
    async subscribe(channel, listener) {
      await opened
      return copy.subscribe(channel, listener)
    },
    unsubscribe: (channel) => copy.unsubscribe(channel),
    close() {
      destroy()
      over.abort()
      // A cluster may still create its nodes, so destroy it again.
      opened.then(destroy, () => {})
    },
  }
}

function isCluster(client: NodeRedisClient): boolean {
  return 'masters' in client
}

/** The common settings of a cluster's nodes, including the cluster's own, which `duplicate()` would replace. */
function nodeDefaults(cluster: NodeRedisClient, signal: AbortSignal): object {
  const defaults = part(part(cluster, '_options'), 'defaults')
  const reconnectStrategy = (retries: number) => !signal.aborted && Math.min(50 * 2 ** retries, 2_000)
  return { ...defaults, socket: { ...part(defaults, 'socket'), signal, reconnectStrategy } }
}

function part(whole: object, name: string): object {
  const value: unknown = Reflect.get(whole, name)
  return typeof value === 'object' && value !== null ? value : {}
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
