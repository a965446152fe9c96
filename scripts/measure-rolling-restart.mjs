// `node scripts/measure-rolling-restart.mjs [clients] [retry] [drain]`, after `npm run build`: two processes behind a
// proxy are restarted one after the other. Prints for how long clients had no stream, per lost connection.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer, get } from 'node:http'
import { connect, createServer as createProxy } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** @typedef {{ child: import('node:child_process').ChildProcess, port: number }} App */

let turn = 0
const [clients = 200, retry = 1_000, drain = 3_000] = process.argv.slice(2).map(Number)

if (process.send !== undefined) await serve()
else await measure()

/** One of the two processes. */
async function serve() {
  const { StreamGroup } = await import('../packages/core/dist/esm/index.js')
  const events = new StreamGroup({ retry })
  const server = createServer((req, res) => void events.sse(req, res, { onSourceError: console.error })())
  server.listen(0, '127.0.0.1', () => {
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
    process.send?.(port)
  })
  process.once('SIGTERM', async () => {
    await events.close({ server, drain })
    process.disconnect()
  })
}

async function measure() {
  const apps = [await start(), await start()]
  const proxy = createProxy((socket) => forward(socket, apps)).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (proxy.address())
  const downtimes = /** @type {number[]} */ ([])
  for (let n = 0; n < clients; n++) follow(port, downtimes)
  await sleep(1_000)
  for (const [index, { child }] of apps.entries()) {
    child.kill('SIGTERM')
    await once(child, 'exit')
    apps[index] = await start()
    await sleep(2 * retry)
  }
  for (const { child } of apps) child.kill('SIGKILL')
  downtimes.sort((a, b) => a - b)
  const at = (/** @type {number} */ share) => Math.round(downtimes[Math.floor(share * downtimes.length)] ?? 0)
  console.log(
    `${clients} clients, retry ${retry} ms, drain ${drain} ms, ${downtimes.length} lost connections`,
  )
  console.log(`without a stream, ms: median ${at(0.5)}, 90 % ${at(0.9)}, longest ${at(0.999)}`)
  process.exit()
}

/** @returns {Promise<App>} */
async function start() {
  const child = fork(fileURLToPath(import.meta.url), process.argv.slice(2))
  const [port] = await once(child, 'message')
  return { child, port }
}

/**
 * Connects to the next process that accepts the connection, as nginx does.
 * @param {import('node:net').Socket} socket
 * @param {App[]} apps
 */
async function forward(socket, apps) {
  socket.on('error', () => {})
  for (let attempt = 0; attempt < apps.length; attempt++) {
    const upstream = connect(/** @type {App} */ (apps[turn++ % apps.length]).port, '127.0.0.1')
    const taken = await once(upstream, 'connect').then(
      () => true,
      () => false,
    )
    upstream.on('error', () => {})
    if (taken) return void socket.pipe(upstream).pipe(socket)
  }
  socket.destroy()
}

/**
 * Acts as an EventSource.
 * @param {number} port
 * @param {number[]} downtimes
 */
async function follow(port, downtimes) {
  let wait = 3_000
  let endedAt = 0
  for (;;) {
    await new Promise((resolve) => {
      get({ port, host: '127.0.0.1', agent: false }, (response) => {
        response.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
          if (endedAt > 0) downtimes.push(performance.now() - endedAt)
          endedAt = 0
          wait = Number(/^retry: (\d+)$/m.exec(text)?.[1] ?? wait)
        })
        response.once('close', resolve)
        response.on('error', () => {})
      }).on('error', resolve)
    })
    endedAt ||= performance.now()
    await sleep(wait)
  }
}
