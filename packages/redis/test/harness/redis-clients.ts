import { Cluster, Redis } from 'ioredis'
import { Cluster as Cluster5, Redis as Redis5 } from 'ioredis5'
import { Redis as Valkey, Cluster as ValkeyCluster } from 'iovalkey'
import { createClient, createCluster } from 'redis'
import { createClient as createClient5, createCluster as createCluster5 } from 'redis5'
import type { RedisClient } from '../../src/index.ts'

/** A client as an app has it, connected or about to connect. */
export interface OpenedClient {
  client: RedisClient
  close(): void
}

export type RedisClientName = 'ioredis 6' | 'node-redis 6' | 'ioredis 5' | 'node-redis 5' | 'iovalkey'

/** For this time it waits for the end of connections that have already ended, and keeps the process alive. */
const disconnectTimeout = 100

/** The clients in common use, each opened as its README says, with a listener for errors. */
export const redisClients: Record<RedisClientName, (port: number) => OpenedClient> = {
  'ioredis 6': (port) => openIoredis(new Redis(port, '127.0.0.1', { disconnectTimeout })),
  'node-redis 6': (port) => openNodeRedis(createClient({ url: url(port) })),
  'ioredis 5': (port) => openIoredis(new Redis5(port, '127.0.0.1', { disconnectTimeout })),
  'node-redis 5': (port) => openNodeRedis(createClient5({ url: url(port) })),
  iovalkey: (port) => openIoredis(new Valkey(port, '127.0.0.1', { disconnectTimeout })),
}

export const allClients = Object.keys(redisClients) as RedisClientName[]

/** For slow tests. */
export const mostUsedClients: RedisClientName[] = ['ioredis 6', 'node-redis 6']

/** The cluster classes of the same clients. None is connected: a log only needs their addresses. */
export const clusterClients: Record<string, (port: number) => OpenedClient> = {
  'a cluster of ioredis 6': (port) => unopened(new Cluster([at(port)], { lazyConnect: true })),
  'a cluster of node-redis 6': (port) => unopened(createCluster({ rootNodes: [{ url: url(port) }] })),
  'a cluster of ioredis 5': (port) => unopened(new Cluster5([at(port)], { lazyConnect: true })),
  'a cluster of node-redis 5': (port) => unopened(createCluster5({ rootNodes: [{ url: url(port) }] })),
  'a cluster of iovalkey': (port) => unopened(new ValkeyCluster([at(port)], { lazyConnect: true })),
}

function openIoredis(client: Redis | Redis5 | Valkey): OpenedClient {
  // It reconnects by itself.
  client.on('error', () => {})
  return { client, close: () => client.disconnect() }
}

type NodeRedis = ReturnType<typeof createClient> | ReturnType<typeof createClient5>

function openNodeRedis(client: NodeRedis): OpenedClient {
  client.on('error', () => {})
  // It never resolves if Redis cannot be reached.
  client.connect().catch(() => {})
  return { client, close: () => void (client.isOpen && client.destroy()) }
}

function unopened(client: RedisClient): OpenedClient {
  return { client, close() {} }
}

function at(port: number) {
  return { host: '127.0.0.1', port }
}

function url(port: number): string {
  return `redis://127.0.0.1:${port}`
}
