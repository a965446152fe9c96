// `node scripts/measure-resume.mjs [streams] [events] [spread]`, after `npm run build`: many streams reconnect to one
// process, all at once or spread over this many ms, and each resumes `events` events back. Prints the longest turn of
// its event loop, and how long concurrent requests took, for
// - a plain node:http server that only answers: Node reads all waiting requests in one turn, and so do we
// - a hub: the same, and each request opens a stream and subscribes it
// - a hub whose streams are already open and are all subscribed in one turn: the cost of the hub itself
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const [streams = 10_000, events = 200, spread = 0] = process.argv.slice(2).map(Number)
const last = `event ${events - 1} `

if (process.send !== undefined) await serve()
else {
  console.table({
    'bare node:http': await measure('bare'),
    hub: await measure('hub'),
    'hub, streams open': await measure('open'),
  })
}

/** The process under test. */
async function serve() {
  const { createHub, openEventStream } = await import('../packages/core/dist/esm/index.js')
  const hub = createHub({ tail: { length: events + 1 } })
  const start = hub.cursor()
  for (let n = 0; n < events; n++) await hub.publish('news', { data: `event ${n} ${'x'.repeat(100)}` })
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const open = /** @type {import('@downstream/core').EventStream[]} */ ([])
  const server = createServer((req, res) => {
    if (req.url === '/ping') res.end('pong')
    else if (process.env.SERVE === 'hub') hub.subscribe(openEventStream(req, res), 'news')
    else if (process.env.SERVE === 'open') open.push(openEventStream(req, res))
    else res.writeHead(200, { 'content-type': 'text/event-stream' }).write(`data: ${last}\n\n`)
  })
  server.listen({ port: 0, host: '127.0.0.1', backlog: 20_000 }, () => {
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
    process.send?.({ port, start })
  })
  process.on('message', (what) => {
    if (what === 'start') {
      delay.enable()
      for (const stream of open) hub.subscribe(stream, 'news')
    } else process.send?.({ longest: delay.max / 1e6, delivered: hub.stats().delivered })
  })
}

/** @param {'bare' | 'hub' | 'open'} what */
async function measure(what) {
  const env = { ...process.env, SERVE: what }
  const child = fork(fileURLToPath(import.meta.url), process.argv.slice(2), { env })
  const [{ port, start }] = await once(child, 'message')
  const sockets = []
  for (let n = 0; n < streams; n++) {
    sockets.push(connect(port, '127.0.0.1'))
    if (n % 200 === 199) await once(/** @type {import('node:net').Socket} */ (sockets.at(-1)), 'connect')
  }
  let complete = 0
  const request = `GET / HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: ${start}\r\n\r\n`
  if (what === 'open') {
    for (const socket of sockets) socket.write(request)
    await Promise.all(sockets.map((socket) => once(socket, 'data')))
    await sleep(500)
  }
  child.send('start')
  const began = performance.now()
  for (const [n, socket] of sockets.entries()) {
    let end = ''
    socket.on('data', (chunk) => {
      const text = end + chunk.toString('latin1')
      if (text.includes(last)) complete++
      end = text.slice(-last.length)
    })
    if (what === 'open') continue
    if (spread > 0 && n % 10 === 9) await sleep((n / streams) * spread - (performance.now() - began))
    socket.write(request)
  }
  const pings = []
  while (complete < streams) {
    const sent = performance.now()
    await (await fetch(`http://127.0.0.1:${port}/ping`)).text()
    pings.push(performance.now() - sent)
    await sleep(20)
  }
  const seconds = (performance.now() - began) / 1_000
  child.send('report')
  const [{ longest, delivered }] = await once(child, 'message')
  child.kill()
  for (const socket of sockets) socket.destroy()
  return {
    streams,
    delivered,
    'all done (s)': Number(seconds.toFixed(2)),
    'longest turn (ms)': Math.round(longest),
    'slowest request beside it (ms)': Math.round(Math.max(0, ...pings)),
  }
}
