// `node scripts/measure-relay-cancel.mjs [rounds]`, after `npm run build`: the time from the disconnect of a relay's
// client until its upstream sees the request end. Half of the clients disconnect before the first byte of the upstream,
// half in the middle of an event. The relay is a process of its own.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'

const rounds = Number(process.argv[2] ?? 1_000)

if (process.send !== undefined) await relay(String(process.env.UPSTREAM))
else await measure()

/**
 * The process under test.
 *
 * @param {string} upstream
 */
async function relay(upstream) {
  const { openEventStream } = await import('../packages/core/dist/esm/index.js')
  const server = createServer((req, res) => {
    openEventStream(req, res)
      .sendAll(({ signal }) => fetch(upstream + req.url, { signal }))
      .catch(() => {})
  })
  server.listen(0, '127.0.0.1', () => process.send?.(server.address()))
}

async function measure() {
  /** When the request of a path has ended at the upstream. @type {Map<string, () => void>} */
  const ended = new Map()
  /** When it has arrived there. @type {Map<string, () => void>} */
  const arrivals = new Map()
  const upstream = createServer((req, res) => {
    const url = String(req.url)
    res.on('close', () => ended.get(url)?.())
    if (url.startsWith('/event')) {
      res.writeHead(200, { 'content-type': 'text/event-stream' })
      res.write('data: whole\n\ndata: unfinished')
    }
    arrivals.get(url)?.()
  })
  await new Promise((resolve) => upstream.listen(0, '127.0.0.1', () => resolve(undefined)))
  const address = /** @type {import('node:net').AddressInfo} */ (upstream.address())
  const env = { ...process.env, UPSTREAM: `http://127.0.0.1:${address.port}` }
  const child = fork(fileURLToPath(import.meta.url), [], { env })
  const [{ port }] = await once(child, 'message')
  /** @type {Record<'silent' | 'event', number[]>} */
  const times = { silent: [], event: [] }
  for (let round = 0; round < rounds; round++) {
    const kind = round % 2 === 0 ? 'silent' : 'event'
    const url = `/${kind}/${round}`
    const arrived = new Promise((resolve) => arrivals.set(url, () => resolve(undefined)))
    const over = new Promise((resolve) => ended.set(url, () => resolve(undefined)))
    const socket = connect(port, '127.0.0.1')
    socket.write(`GET ${url} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    await arrived
    if (kind === 'event') await untilText(socket, 'whole')
    const since = performance.now()
    socket.destroy()
    await over
    times[kind].push(performance.now() - since)
  }
  const at = (/** @type {number[]} */ sorted, /** @type {number} */ share) =>
    `${(sorted[Math.ceil(sorted.length * share) - 1] ?? 0).toFixed(1)} ms`
  const row = (/** @type {number[]} */ list) => {
    const sorted = list.sort((one, other) => one - other)
    return { p50: at(sorted, 0.5), p99: at(sorted, 0.99), slowest: at(sorted, 1), rounds: sorted.length }
  }
  console.table({
    'before the first byte': row(times.silent),
    'in the middle of an event': row(times.event),
  })
  child.kill()
  upstream.closeAllConnections()
  upstream.close()
}

/**
 * @param {import('node:net').Socket} socket
 * @param {string} text
 */
async function untilText(socket, text) {
  let seen = ''
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    seen += chunk
    if (seen.includes(text)) return
  }
}
