import type { RunStore } from '@downstream/core'
import { type RunStoreHost, runStoreSuite } from '@downstream/testing'
import { RedisRunStore } from '../../src/index.ts'
import { FaultyProxy } from '../harness/faulty-proxy.ts'
import {
  allClients,
  mostUsedClients,
  type OpenedClient,
  type RedisClientName,
  redisClients,
} from '../harness/redis-clients.ts'
import { RedisServer } from '../harness/redis-server.ts'

/**
 * For the cases that wait until a lease is over; the others must not fail because this machine is slow. Redis has four
 * tenths of it for an answer.
 */
const shortLease = 2_500
let server: RedisServer
let count = 0
/** The cases that need no short lease. */
const withoutLease = new Set<string>()

beforeAll(async () => {
  server = await RedisServer.start()
})

afterAll(() => server?.close())

/** A store with its own network, which can be cut. */
interface Node {
  readonly store: RedisRunStore
  readonly proxy: FaultyProxy
  readonly opened: OpenedClient
}

describe.each(allClients)('RedisRunStore on %s', (name) => {
  runStoreSuite({
    test(sentence, run) {
      withoutLease.add(sentence)
      test(sentence, run)
    },
    create: () => openHost(name, 10_000),
    without: ['crash', 'pause'],
  })
})

describe.each(mostUsedClients)('a lease of RedisRunStore on %s', (name) => {
  runStoreSuite({
    test: (sentence, run) => withoutLease.has(sentence) || test(sentence, run),
    create: () => openHost(name, shortLease),
  })
})

async function openHost(name: RedisClientName, lease: number): Promise<RunStoreHost> {
  const prefix = `runs ${count++}`
  const nodes: Node[] = []
  const connect = async () => {
    const proxy = await FaultyProxy.open(server.port)
    const opened = redisClients[name](proxy.port)
    const store = new RedisRunStore(opened.client, { prefix, lease, maxWait: 2_000 })
    nodes.push({ store, proxy, opened })
    return store
  }
  const proxyOf = (store: RunStore) => nodes.find((node) => node.store === store)?.proxy as FaultyProxy
  return {
    store: await connect(),
    lease,
    connect,
    crash: (store) => proxyOf(store).blackHole(),
    async pause(store, ms) {
      const proxy = proxyOf(store)
      proxy.blackHole()
      await new Promise((resolve) => setTimeout(resolve, ms))
      proxy.heal()
      proxy.cut()
    },
    clear: async () => void (await server.command('FLUSHALL')),
    close() {
      for (const { proxy, opened } of nodes) {
        opened.close()
        proxy.close()
      }
    },
  }
}
