// `node scripts/measure-old-ids.mjs [clients] [redis]`, after `npm run build`: the cost of clients that reconnect with
// old ids, whose events only the log has. That is a MemoryLog, or a RedisLog, which needs redis-server. Prints
// - the memory of clients that read nothing, each with a different id, with events of 10 KB
// - the CPU time of one client, and of a hundred that were close together, 100 000 entries back, of which one in
//   ten thousand is theirs; minus the cost of the same clients that are up to date and get as many events
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startRedis } from './start-redis.mjs'

const clients = Number(process.argv[2] ?? 1_000)
/** The contents of the log in each measurement. */
const plans = {
  unread: { entries: 2_000, bytes: 10_000, every: 1 },
  narrow: { entries: 100_000, bytes: 100, every: 10_000 },
}

if (process.send !== undefined) await serve(plans[/** @type {keyof typeof plans} */ (process.env.PLAN)])
else {
  const redis = process.argv[3] === 'redis' ? await startRedis() : undefined
  if (redis !== undefined) process.env.REDIS_PORT = String(redis.port)
  const unread = await measureMemory()
  const costs = async (/** @type {number} */ count) =>
    Math.max(1, (await measureCpu(count, 'far')) - (await measureCpu(count, 'near')))
  const [one, hundred] = [await costs(1), await costs(100)]
  console.table({
    [`memory of ${clients} clients that read nothing, KB each`]: { value: Math.round(unread) },
    'CPU of one client, ms': { value: Math.round(one) },
    'CPU of a hundred clients, ms': { value: Math.round(hundred) },
    'a hundred clients / one': { value: Math.round((hundred / one) * 10) / 10 },
  })
  redis?.stop()
}

/**
 * The process under test.
 *
 * @param {{ entries: number, bytes: number, every: number }} plan
 */
async function serve({ entries, bytes, every }) {
  const { createHub, MemoryLog, openEventStream } = await import('../packages/core/dist/esm/index.js')
  const { REDIS_PORT } = process.env
  const log =
    REDIS_PORT === undefined
      ? new MemoryLog({ length: entries + 10, bytes: 1e9 })
      : await redisLog(Number(REDIS_PORT), entries)
  const hub = createHub({ log, tail: { length: 10 } })
  await hub.ready()
  const ids = [hub.cursor()]
  for (let n = 1; n <= entries; n++) {
    ids.push(await hub.publish(n % every === 0 ? 'news' : 'other', { data: 'x'.repeat(bytes) }))
  }
  const server = createServer((req, res) => {
    hub.subscribe(openEventStream(req, res), 'news')
  })
  server.listen({ port: 0, host: '127.0.0.1', backlog: 20_000 }, () => {
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
    process.send?.({ port, ids: ids.slice(0, 1_500), newest: hub.cursor() })
  })
  process.on('message', (what) => {
    if (what === 'settled') global.gc?.()
    if (what === 'publish') void hub.publish('news', { data: 'x'.repeat(bytes) })
    const { user, system } = process.cpuUsage()
    const { delivered, streams } = hub.stats()
    process.send?.({
      memory: what === 'settled' ? memory() : 0,
      cpu: (user + system) / 1_000,
      delivered,
      streams,
    })
  })
}

/** @param {number} port @param {number} entries */
async function redisLog(port, entries) {
  const { Redis } = createRequire(new URL('../packages/redis/package.json', import.meta.url))('ioredis')
  const { RedisLog } = await import('../packages/redis/dist/esm/index.js')
  const client = new Redis(port, '127.0.0.1')
  await client.flushall()
  return new RedisLog(client, { maxLength: entries + 10 })
}

function memory() {
  const { heapUsed, external, arrayBuffers } = process.memoryUsage()
  return heapUsed + external + arrayBuffers
}

/** @param {keyof typeof plans} plan */
async function start(plan) {
  const env = { ...process.env, PLAN: plan }
  const child = fork(fileURLToPath(import.meta.url), [], { env, execArgv: ['--expose-gc'] })
  const [{ port, ids, newest }] = await once(child, 'message')
  /** Asks at intervals, because answering is work for the process under test. */
  const ask = async (what = 'stats') => {
    await sleep(5)
    child.send(what)
    const [stats] = await once(child, 'message')
    return stats
  }
  /** @param {string} id */
  const open = async (id) => {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: ${id}\r\n\r\n`)
    return socket
  }
  return { child, ids, newest, ask, open }
}

/** KB for each client. */
async function measureMemory() {
  const { child, ids, ask, open } = await start('unread')
  const before = await ask('settled')
  const sockets = []
  for (let n = 0; n < clients; n++) sockets.push((await open(ids[n % ids.length])).pause())
  // Wait until the buffers of the kernel are full, which takes some MB per client.
  let [last, after] = [before, await ask()]
  while (after.streams < clients || after.delivered > last.delivered) {
    await sleep(1_000)
    ;[last, after] = [after, await ask()]
  }
  after = await ask('settled')
  child.kill()
  for (const socket of sockets) socket.destroy()
  return (after.memory - before.memory) / clients / 1_000
}

/**
 * In ms.
 *
 * @param {number} count
 * @param {'far' | 'near'} where
 */
async function measureCpu(count, where) {
  const { child, ids, newest, ask, open } = await start('narrow')
  const before = await ask('settled')
  const sockets = []
  for (let n = 0; n < count; n++) sockets.push((await open(where === 'far' ? ids[n] : newest)).resume())
  let after = await ask()
  while (after.streams < count) after = await ask()
  // One after another, as clients that are far back receive them: ten events of one turn are one write.
  for (let n = 1; where === 'near' && n <= 10; n++) {
    after = await ask('publish')
    while (after.delivered < n * count) after = await ask()
  }
  while (after.delivered < 10 * count) {
    await sleep(50)
    after = await ask()
  }
  child.kill()
  for (const socket of sockets) socket.destroy()
  return after.cpu - before.cpu
}
