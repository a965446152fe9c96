import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { NewRun, RunReading } from '@downstream/core'
import { eventually } from '@downstream/testing'
import { Redis } from 'ioredis'
import { freePorts } from '../../../../scripts/free-ports.mjs'
import { onSources } from '../../../../test/sources/on-sources.ts'
import { RedisRunStore, type RedisRunStoreOptions } from '../../src/index.ts'
import { FaultyProxy } from '../harness/faulty-proxy.ts'
import { clusterClients, redisClients } from '../harness/redis-clients.ts'
import { RedisServer } from '../harness/redis-server.ts'

const closing: (() => unknown)[] = []
let count = 0

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function openServer(options?: Parameters<typeof RedisServer.start>[0]): Promise<RedisServer> {
  const server = await RedisServer.start(options)
  closing.push(() => server.close())
  return server
}

async function openProxy(server: RedisServer): Promise<FaultyProxy> {
  const proxy = await FaultyProxy.open(server.port)
  closing.push(() => proxy.close())
  return proxy
}

function openStore(port: number, options: RedisRunStoreOptions = {}): RedisRunStore {
  const { client, close } = redisClients['ioredis 6'](port)
  const store = new RedisRunStore(client, options)
  closing.push(async () => {
    await store.close()
    close()
  })
  return store
}

function newRun(options: Partial<NewRun> = {}): NewRun {
  return { ttl: 60_000, maxBytes: 1_000_000, replace: false, onRevoked() {}, ...options }
}

async function start(store: RedisRunStore, id: string, options?: Partial<NewRun>) {
  const { claim } = await store.start(id, newRun(options))
  if (claim === undefined) throw new Error(`${id} is there already`)
  return claim
}

async function read(store: RedisRunStore, id: string): Promise<RunReading | undefined> {
  return store.read(id, undefined, 10_000)
}

/** A process with this many runs, which add events until it is killed. */
async function openProducer(port: number, prefix: string, lease: number, runs: number) {
  const process = fork(join(__dirname, 'producer.ts'), [port, prefix, lease, runs].map(String), {
    execArgv: onSources,
  })
  closing.push(() => process.kill('SIGKILL'))
  /** The number of the last event that Redis has confirmed, by the ids of the runs. */
  const confirmed = new Map<string, number>()
  process.on('message', (message) => {
    const [id, n] = message as [string, number]
    confirmed.set(id, n)
  })
  await eventually(
    'all runs have started',
    () => confirmed.size === runs && Math.min(...confirmed.values()) > 20,
  )
  const kill = async () => {
    const exited = once(process, 'exit')
    process.kill('SIGKILL')
    await exited
  }
  return { confirmed, kill }
}

test('after a producer was killed, followers get everything that it has stored, then the end as lost', async () => {
  const server = await openServer()
  const prefix = `killed ${count++}`
  const { confirmed, kill } = await openProducer(server.port, prefix, 2_000, 20)
  const store = openStore(server.port, { prefix, lease: 2_000 })
  const reported = new Map<string, string>()
  for (const id of confirmed.keys()) {
    const see = async () => reported.set(id, (await read(store, id))?.state.status ?? '')
    store.follow(id, (news) => {
      if (news === undefined) void see()
      else reported.set(id, news.state.status)
    })
  }
  await kill()
  await eventually('all were notified', () =>
    [...confirmed.keys()].every((id) => reported.get(id) === 'lost'),
  )
  for (const [id, least] of confirmed) {
    const reading = await read(store, id)
    expect(reading?.events).toEqual(reading?.events.map((_, n) => `data: ${n + 1}\n\n`))
    expect(reading?.events.length).toBeGreaterThanOrEqual(least)
    expect(reading?.state.events).toBe(reading?.events.length)
  }
})

test('stop() after the producer was killed: followers get the end at once, and the promise resolves when the lease is over', async () => {
  const server = await openServer()
  const prefix = `stopped ${count++}`
  // No lease expires by itself during this test.
  const lease = 600_000
  const { kill } = await openProducer(server.port, prefix, lease, 2)
  await kill()
  const store = openStore(server.port, { prefix, lease, maxWait: 1 })
  const reported: (string | undefined)[] = []
  store.follow('run 0', (news) => reported.push(news?.state.status))
  await eventually('the subscription', () => reported.length > 0)
  let resolved = false
  void store.stop('run 0').then(() => {
    resolved = true
  })
  await eventually('followers are notified', () => reported.at(-1) === 'stopped')
  expect((await read(store, 'run 0'))?.state.status).toBe('stopped')
  // Until the lease is over, the producer may still be alive and confirm.
  expect(resolved).toBe(false)

  const leases = `{${prefix}}:leases`
  const [producer = ''] = (await server.command('ZRANGE', leases, 0, 0)) as string[]
  await server.command('ZADD', leases, Date.now() + 200, producer)
  expect((await store.stop('run 1'))?.status).toBe('stopped')
})

test('while Redis cannot be reached an append waits, and is then stored once', async () => {
  const server = await openServer({ persistent: true })
  const store = openStore(server.port, { timeout: 2_000 })
  const claim = await start(store, 'a')
  await claim.append(['data: 1\n\n'])
  await server.kill()
  const appended = claim.append(['data: 2\n\n', 'data: 3\n\n'])
  await expect(read(store, 'a')).rejects.toMatchObject({ code: 'ERR_SSE_RUNS_UNAVAILABLE' })
  await server.restart()
  await appended
  expect((await read(store, 'a'))?.events).toEqual(['data: 1\n\n', 'data: 2\n\n', 'data: 3\n\n'])
  await claim.end('done')
})

test('an append whose answer was lost is stored once', async () => {
  const server = await openServer()
  const proxy = await openProxy(server)
  const store = openStore(proxy.port)
  const claim = await start(store, 'a')
  const texts = ['data: 1\n\n', 'data: 2\n\n', 'data: 3\n\n']
  for (const [n, text] of texts.entries()) {
    // Redis has the event, and its reply is still on the way when the connection is cut.
    proxy.delay(1_000)
    const appended = claim.append([text])
    await eventually(`event ${n + 1} is stored`, async () => {
      return Number(await server.command('XLEN', '{downstream:runs}:run:a')) === n + 2
    })
    proxy.cut()
    proxy.delay(0)
    await appended
  }
  expect((await read(store, 'a'))?.events).toEqual(texts)
})

test('a start whose answer was lost leaves no run, even if Redis executes it late', async () => {
  // The run stayed `running` as long as its process lived, without a producer.
  const server = await openServer()
  const proxy = await openProxy(server)
  const store = openStore(proxy.port, { timeout: 2_000 })
  // From here on Redis has the script.
  await start(store, 'first')
  proxy.hold()
  await expect(store.start('a', newRun())).rejects.toMatchObject({ code: 'ERR_SSE_RUNS_UNAVAILABLE' })
  // The next connection is open, and its greeting is complete.
  await eventually('the store going on', async () => {
    return (await read(store, 'a').catch(() => 'not yet')) === undefined
  })
  proxy.release()
  // Sent on the held connection: if it had been executed, it would have been before this.
  await read(store, 'b')
  expect(await server.command('EXISTS', '{downstream:runs}:run:a')).toBe(0)
})

test('a start whose answer was lost is undone, and its followers are notified', async () => {
  const server = await openServer()
  const proxy = await openProxy(server)
  const store = openStore(proxy.port)
  await start(store, 'first')
  let calls = 0
  openStore(server.port).follow('a', () => calls++)
  proxy.delay(1_000)
  const started = store.start('a', newRun())
  await eventually('it is stored', async () => {
    return (await server.command('EXISTS', '{downstream:runs}:run:a')) === 1
  })
  proxy.cut()
  proxy.delay(0)
  await expect(started).rejects.toMatchObject({ code: 'ERR_SSE_RUNS_UNAVAILABLE' })
  const before = calls
  await eventually('the key is deleted', async () => {
    return (await server.command('EXISTS', '{downstream:runs}:run:a')) === 0
  })
  await eventually('followers are notified', () => calls > before)
  expect((await store.start('a', newRun())).claim).toBeDefined()
})

test('an append that Redis does not confirm within maxWait fails, and no later one is stored', async () => {
  const server = await openServer()
  const proxy = await openProxy(server)
  const store = openStore(proxy.port, { timeout: 2_000, maxWait: 3_000 })
  const claim = await start(store, 'a')
  await claim.append(['data: 1\n\n'])
  proxy.refuse()
  proxy.cut()
  await expect(claim.append(['data: 2\n\n'])).rejects.toMatchObject({ code: 'ERR_SSE_RUNS_UNAVAILABLE' })
  await proxy.accept()
  await expect(claim.append(['data: 3\n\n'])).rejects.toMatchObject({ code: 'ERR_SSE_RUNS_UNAVAILABLE' })
  await eventually(
    'Redis being back',
    async () => (await read(store, 'a').catch(() => undefined)) !== undefined,
  )
  await claim.end('failed')
  expect((await read(store, 'a'))?.state.status).toBe('failed')
})

test.each([['done'], ['failed']] as const)(
  'an end that Redis does not accept within maxWait is an error, and is stored when Redis is back: %s',
  async (status) => {
    // The end was forgotten, and the run was `running` for as long as its process renewed the lease for others.
    const server = await openServer()
    const proxy = await openProxy(server)
    const store = openStore(proxy.port, { maxWait: 500, lease: 5_000 })
    const revoked: string[] = []
    const [claim] = [
      await start(store, 'a', { onRevoked: (why) => revoked.push(why) }),
      await start(store, 'b'),
    ]
    await claim.append(['data: 1\n\n'])
    proxy.refuse()
    proxy.cut()
    if (status === 'failed') await expect(claim.append(['data: 2\n\n'])).rejects.toThrow()
    await expect(claim.end(status)).rejects.toMatchObject({ code: 'ERR_SSE_RUNS_UNAVAILABLE' })
    await proxy.accept()
    const other = openStore(server.port, { lease: 600_000 })
    await eventually('the end is stored', async () => (await read(other, 'a'))?.state.status === status)
    expect(revoked).toEqual([])
    expect((await read(other, 'b'))?.state.status).toBe('running')
  },
)

test('closing the store ends as lost a run whose end is not stored', async () => {
  const server = await openServer()
  const proxy = await openProxy(server)
  const store = openStore(proxy.port, { maxWait: 500, lease: 600_000 })
  const claim = await start(store, 'a')
  proxy.refuse()
  proxy.cut()
  await expect(claim.end('done')).rejects.toMatchObject({ code: 'ERR_SSE_RUNS_UNAVAILABLE' })
  await proxy.accept()
  await eventually('Redis being back', () =>
    read(store, 'b').then(
      () => true,
      () => false,
    ),
  )
  await store.close()
  expect((await read(openStore(server.port, { maxWait: 1 }), 'a'))?.state.status).toBe('lost')
})

test('a process that has just connected does not end a run whose lease has only just expired', async () => {
  // After an outage of Redis all leases were over by its clock, and the first reader ended all runs as lost.
  const server = await openServer()
  const store = openStore(server.port, { lease: 30_000 })
  const claim = await start(store, 'a')
  const leases = '{downstream:runs}:leases'
  const [producer = ''] = (await server.command('ZRANGE', leases, 0, 0)) as string[]
  await server.command('ZADD', leases, Date.now() - 5_000, producer)
  const reader = openStore(server.port, { lease: 30_000 })
  expect((await read(reader, 'a'))?.state.status).toBe('running')
  await claim.append(['data: 1\n\n'])
  // Longer ago than Redis may be unreachable: the producer will not return.
  await server.command('ZADD', leases, Date.now() - 120_000, producer)
  expect((await read(reader, 'a'))?.state).toMatchObject({ status: 'lost', events: 1 })
})

test('a restart without persistence ends a run as lost, and its producer is notified', async () => {
  const server = await openServer()
  const store = openStore(server.port)
  const revoked: string[] = []
  const claim = await start(store, 'a', { onRevoked: (why) => revoked.push(why) })
  await server.kill()
  await server.restart()
  await expect(claim.append(['data: 1\n\n'])).rejects.toMatchObject({ code: 'ERR_SSE_RUN_LOST' })
  expect(revoked).toEqual(['lost'])
})

test('a listener is notified to read again after its connection was silent', async () => {
  const server = await openServer()
  const proxy = await openProxy(server)
  const producer = openStore(server.port)
  const reader = openStore(proxy.port, { timeout: 2_000 })
  const claim = await start(producer, 'a')
  let calls = 0
  const unfollow = reader.follow('a', () => calls++)
  await eventually('the subscription', () => calls > 0)
  proxy.cut()
  const before = calls
  await claim.append(['data: 1\n\n'])
  await eventually('the listener is called', () => calls > before)
  unfollow()
})

test('the key of a dead producer expires if no process is left', async () => {
  const server = await openServer()
  const store = openStore(server.port, { lease: 500 })
  await start(store, 'a', { ttl: 10 })
  const left = Number(await server.command('PTTL', '{downstream:runs}:run:a'))
  expect(left).toBeGreaterThan(0)
  expect(left).toBeLessThanOrEqual(6 * 500 + 10)
})

test('a run without events for a long time keeps its key', async () => {
  const server = await openServer()
  const store = openStore(server.port, { lease: 500 })
  await start(store, 'a', { ttl: 10 })
  await server.command('PEXPIRE', '{downstream:runs}:run:a', 2_000)
  await eventually('the key is touched', async () => {
    return Number(await server.command('PTTL', '{downstream:runs}:run:a')) > 2_000
  })
})

test('a closed store ends its runs at once', async () => {
  const server = await openServer()
  const [one, other] = [openStore(server.port), openStore(server.port)]
  const revoked: string[] = []
  await start(one, 'a', { onRevoked: (why) => revoked.push(why) })
  await one.close()
  expect(revoked).toEqual(['lost'])
  expect((await read(other, 'a'))?.state.status).toBe('lost')
})

test('the number of connections does not depend on the number of runs', async () => {
  const server = await openServer()
  const store = openStore(server.port)
  for (let n = 0; n < 100; n++) {
    await start(store, `run ${n}`)
    store.follow(`run ${n}`, () => {})
  }
  const clients = String(await server.command('CLIENT', 'LIST', 'TYPE', 'normal'))
    .trim()
    .split('\n')
  const subscribers = String(await server.command('CLIENT', 'LIST', 'TYPE', 'pubsub'))
    .trim()
    .split('\n')
  // Those of the store, of the app's own client, and the one that asks.
  expect(clients.length).toBeLessThanOrEqual(3)
  expect(subscribers).toHaveLength(1)
})

test('runs are spread over hash tags', async () => {
  const server = await openServer()
  const store = openStore(server.port, { prefix: 'p', tags: 4 })
  for (let n = 0; n < 40; n++) await (await start(store, `run ${n}`)).append(['data: x\n\n'])
  const keys = (await server.command('KEYS', '{p:*}:run:*')) as string[]
  expect(keys).toHaveLength(40)
  expect(new Set(keys.map((key) => key.slice(0, key.indexOf('}')))).size).toBe(4)
})

test('a former producer cannot add an event, even with the next number', async () => {
  const server = await openServer()
  const store = openStore(server.port)
  const claim = await start(store, 'a')
  await claim.append(['data: 1\n\n'])
  const [[id] = ['']] = (await server.command('XRANGE', '{downstream:runs}:run:a', '-', '+', 'COUNT', 1)) as [
    [string],
  ]
  await store.stop('a')
  const adding = server.command('XADD', '{downstream:runs}:run:a', id.replace('-0', '-2'), 'e', 'data: 2\n\n')
  await expect(adding).rejects.toThrow('equal or smaller')
})

test('the permissions of docs/runs.md are enough', async () => {
  const docs = await readFile(join(__dirname, '../../../../docs/runs.md'), 'utf8')
  const [, rules = ''] = /ACL SETUSER runs (.+)/.exec(docs) ?? []
  const server = await openServer()
  await server.command('ACL', 'SETUSER', 'runs', ...rules.split(' '))
  const stores = Array.from({ length: 2 }, () => {
    const user = { username: 'runs', password: 'password', lazyConnect: true }
    const store = new RedisRunStore(new Redis(server.port, '127.0.0.1', user), { lease: 500 })
    closing.push(() => store.close())
    return store
  })
  const [one, other] = stores as [RedisRunStore, RedisRunStore]
  const claim = await start(one, 'a', { maxBytes: 20 })
  const statuses: (string | undefined)[] = []
  other.follow('a', (news) => statuses.push(news?.state.status))
  await eventually('the subscription', () => statuses.length > 0)
  for (let n = 0; n < 5; n++) await claim.append([`data: ${n}\n\n`])
  // Renewed meanwhile.
  await new Promise((resolve) => setTimeout(resolve, 600))
  expect((await other.stop('a'))?.status).toBe('stopped')
  await eventually('the end is reported', () => statuses.at(-1) === 'stopped')
  expect((await start(one, 'a', { replace: true })).attempt).not.toBe(claim.attempt)
})

describe('on a cluster', () => {
  test.each(Object.entries(clusterClients))('%s', async (_, create) => {
    const server = await openServer({ cluster: await freePorts() })
    const [one, other] = [create(server.port), create(server.port)].map(({ client }) => {
      const store = new RedisRunStore(client, { tags: 3 })
      closing.push(() => store.close())
      return store
    }) as [RedisRunStore, RedisRunStore]
    for (let n = 0; n < 6; n++) {
      const revoked: string[] = []
      const claim = await start(one, `run ${n}`, { onRevoked: (why) => revoked.push(why) })
      let latest: RunReading | undefined
      other.follow(`run ${n}`, (news) => {
        latest = news ?? latest
      })
      await claim.append(['data: 1\n\n'])
      expect((await read(other, `run ${n}`))?.events).toEqual(['data: 1\n\n'])
      expect((await other.stop(`run ${n}`))?.status).toBe('stopped')
      expect(revoked).toEqual(['stopped'])
      await eventually('the end is reported', () => latest?.state.status === 'stopped')
    }
  })
})

test.each<[RedisRunStoreOptions, string]>([
  [{ prefix: '' }, 'prefix'],
  [{ prefix: 'a{b}' }, 'prefix'],
  [{ lease: 1 }, 'lease'],
  [{ tags: 0 }, 'tags'],
  [{ maxWait: 1.5 }, 'maxWait'],
  [{ leese: 1 } as RedisRunStoreOptions, 'leese'],
])('refuses the options %j', (options, name) => {
  const client = new Redis({ lazyConnect: true })
  expect(() => new RedisRunStore(client, options)).toThrow(name)
})
