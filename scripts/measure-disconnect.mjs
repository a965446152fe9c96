// `node scripts/measure-disconnect.mjs [rounds]`, after `npm run build`: the time from hub.disconnect(key) in one
// process until the streams of that key are closed in four processes that share a Redis. Needs redis-server.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { startRedis } from './start-redis.mjs'

const rounds = Number(process.argv[2] ?? 300)
const PROCESSES = 4

if (process.send !== undefined) await serve(Number(process.env.REDIS_PORT))
else await measure()

/**
 * The process under test: each stream has the path of its request as its key.
 *
 * @param {number} redisPort
 */
async function serve(redisPort) {
  const { Redis } = createRequire(new URL('../packages/redis/package.json', import.meta.url))('ioredis')
  const { createHub, openEventStream } = await import('../packages/core/dist/esm/index.js')
  const { RedisLog } = await import('../packages/redis/dist/esm/index.js')
  const hub = createHub({ log: new RedisLog(new Redis(redisPort, '127.0.0.1')) })
  await hub.ready()
  const server = createServer((req, res) => {
    hub.subscribe(openEventStream(req, res), 'news', { key: req.url })
  })
  process.on('message', (key) => void hub.disconnect(String(key)))
  server.listen(0, '127.0.0.1', () => process.send?.(server.address()))
}

async function measure() {
  const redis = await startRedis()
  const env = { ...process.env, REDIS_PORT: String(redis.port) }
  const children = Array.from({ length: PROCESSES }, () => fork(fileURLToPath(import.meta.url), [], { env }))
  const ports = await Promise.all(children.map(async (child) => (await once(child, 'message'))[0].port))
  /** @type {number[]} */
  const times = []
  for (let round = 0; round < rounds; round++) {
    const key = `/${round}`
    const sockets = await Promise.all(ports.map((port) => open(port, key)))
    const closed = Promise.all(sockets.map((socket) => once(socket, 'end')))
    const since = performance.now()
    children[round % PROCESSES]?.send(key)
    await closed
    times.push(performance.now() - since)
    for (const socket of sockets) socket.destroy()
  }
  times.sort((a, b) => a - b)
  const at = (/** @type {number} */ share) => `${(times[Math.ceil(rounds * share) - 1] ?? 0).toFixed(1)} ms`
  console.table({ 'closed in four processes': { p50: at(0.5), p99: at(0.99), slowest: at(1), rounds } })
  for (const child of children) child.kill()
  redis.stop()
}

/**
 * Opens a stream and waits for its beginning.
 *
 * @param {number} port
 * @param {string} key
 */
async function open(port, key) {
  const socket = connect(port, '127.0.0.1')
  socket.write(`GET ${key} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
  let text = ''
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    text += chunk
    if (text.includes('bookmark')) break
  }
  return socket.resume()
}
