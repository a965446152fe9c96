import type { Socket } from 'node:net'
import type { ConnectOptions, IoredisClient, RedisConnection } from './redis-client.ts'

interface Ioredis extends IoredisClient {
  connect(): Promise<unknown>
  on(event: string, listener: (error?: unknown) => void): unknown
  on(event: 'message', listener: (channel: string, text: string) => void): unknown
  subscribe(channel: string): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
  /** The socket of a client; a cluster has none. */
  stream?: Socket
  /** The clients of a cluster. */
  nodes?(role?: 'master'): Ioredis[]
}

/** Connects a duplicate of an ioredis or iovalkey client or cluster. The duplicate never reconnects by itself. */
export function connectIoredis(client: IoredisClient, { timeout, onLost }: ConnectOptions): RedisConnection {
  const settings = {
    lazyConnect: true,
    connectTimeout: timeout,
    // How many ms a connection that is given up may take to close; a dead one takes all of them.
    disconnectTimeout: 100,
    // A lost connection may have executed its pending commands. Sent again, they would be stored twice.
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: null,
    // Sentinels that do not answer are a failed attempt like any other: the next attempt asks them again.
    sentinelRetryStrategy: null,
    reconnectOnError: null,
    // XREAD waits longer than the app's other commands may.
    commandTimeout: undefined,
    socketTimeout: undefined,
    blockingTimeout: undefined,
    enableAutoPipelining: false,
    replyMapping: 'legacy',
    readOnly: false,
    monitor: false,
  }
  const cluster = {
    lazyConnect: true,
    // The nodes are connected by the first command; the second command must wait for that.
    enableOfflineQueue: true,
    enableAutoPipelining: false,
    clusterRetryStrategy: null,
    // This option sends commands again that a lost connection may have executed.
    retryDelayOnFailover: 0,
    scaleReads: 'master',
    redisOptions: { ...settings, enableOfflineQueue: true },
  }
  const copy = duplicate(client, isIoredisCluster(client) ? [[], cluster] : [settings])
  if (!isIoredis(copy))
    throw new TypeError(
      'duplicate() of the Redis client does not return a Redis client. Pass the client itself, not a wrapper.',
    )
  watch(copy, onLost)
  const opened = copy.connect()
  const listeners = new Map<string, (text: string) => void>()
  let subscriber: Promise<Ioredis> | undefined
  let closed = false
  /**
   * A cluster silently moves its own subscriber to another node, which loses messages. So this opens a subscriber of
   * its own.
   */
  const openSubscriber = async (): Promise<Ioredis> => {
    await opened
    const node = copy.nodes?.('master')[0]
    const opening: unknown = node === undefined ? copy : duplicate(node, [settings])
    if (!isIoredis(opening))
      throw new TypeError('duplicate() of a cluster node does not return a Redis client.')
    opening.on('message', (channel, text) => listeners.get(channel)?.(text))
    if (opening === copy) return copy
    watch(opening, onLost)
    await opening.connect()
    if (closed) opening.disconnect()
    return opening
  }
  return {
    opened,
    send: ([command = '', ...args]) => copy.call(command, args),
    async subscribe(channel, listener) {
      listeners.set(channel, listener)
      subscriber ??= openSubscriber()
      return (await subscriber).subscribe(channel)
    },
    async unsubscribe(channel) {
      listeners.delete(channel)
      return (await subscriber)?.unsubscribe(channel)
    },
    close() {
      closed = true
      subscriber?.then(
        (opened) => opened.disconnect(),
        () => {},
      )
      for (const { stream } of [copy, ...(copy.nodes?.() ?? [])]) reset(stream)
      copy.disconnect()
      // A cluster that is disconnected while it connects still connects, and stays connected.
      opened.then(
        () => copy.disconnect(),
        () => {},
      )
    },
  }
}

function watch(client: Ioredis, onLost: ConnectOptions['onLost']): void {
  for (const event of ['error', 'close', 'end']) client.on(event, onLost)
}

/** Whether it is a cluster of ioredis or iovalkey, which sends a command without a key to any of its nodes. */
export function isIoredisCluster(client: object): boolean {
  return 'isCluster' in client && client.isCluster === true
}

/**
 * Resets the connection. disconnect() ends only our side: the system would still deliver pending commands as soon as
 * the network permits, and a rejected publish would be stored after newer ones.
 */
function reset(socket: Socket | undefined): void {
  if (socket === undefined) return
  // While Node sends the end of a connection it cannot reset it: the socket would stay open for good, and the process
  // would not exit (EINVAL).
  if (socket.writableEnded && socket.writableLength === 0 && !socket.writableFinished) {
    socket.once('finish', () => reset(socket))
    return
  }
  try {
    socket.resetAndDestroy()
  } catch {
    // TLS cannot reset.
    socket.destroy()
  }
}

/** The parameters differ between the classes, and the types between the versions. */
function duplicate(client: IoredisClient, args: unknown[]): unknown {
  return Reflect.apply(client.duplicate, client, args)
}

function isIoredis(value: unknown): value is Ioredis {
  return typeof value === 'object' && value !== null && 'call' in value && 'connect' in value && 'on' in value
}
