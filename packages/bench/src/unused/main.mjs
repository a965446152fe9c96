// `npm run bench:unused`: what limits and diagnostics channels cost an app that uses neither. Compares the server's CPU
// time with that of a copy of core without them. The two take turns in one process, which shows a difference of 1 %.
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { ask } from '../measure/rpc.mjs'
import { startProcess } from '../measure/start-process.mjs'
import { eventData } from '../work.mjs'
import { loadBoth } from './stripped-core.mjs'

const { values } = parseArgs({
  options: {
    turns: { type: 'string', default: '30' },
    clients: { type: 'string', default: '300' },
    events: { type: 'string', default: '100' },
  },
})
const [turns, clients, events] = [Number(values.turns), Number(values.clients), Number(values.events)]

const load = startProcess(fileURLToPath(new URL('../client/load.mjs', import.meta.url)), { core: 'clients' })

/** @param {import('./stripped-core.mjs').Core} core */
async function startServer({ createHub, StreamGroup }) {
  const hub = createHub()
  const group = new StreamGroup()
  const server = createServer((req, res) => {
    hub.subscribe(group.sse(req, res, { onSourceError() {} })(), 'news')
  })
  await new Promise((resolve) =>
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => resolve(0)),
  )
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  return { hub, server, port, figures: { stream: numbers(), event: numbers() } }
}

/** @returns {number[]} */
function numbers() {
  return []
}

/** The CPU time of `work` in µs; earlier garbage is collected first. @param {() => Promise<unknown>} work */
async function cpu(work) {
  globalThis.gc?.()
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return user + system
}

/** @param {Awaited<ReturnType<typeof startServer>>} one */
async function takeTurn({ hub, server, port, figures }) {
  const where = { port, path: '/events', count: clients, atOnce: 100, compressed: false }
  const opening = await cpu(() => ask(load, 'open', where))
  const publishing = await cpu(async () => {
    for (let n = 0; n < events; n++) {
      hub.publish('news', { data: eventData(n, 120) })
      await ask(load, 'arrived', { each: n + 1, timeout: 60_000 })
    }
  })
  const closing = await cpu(async () => {
    await ask(load, 'close')
    while ((await connectionsOf(server)) > 0) await sleep(5)
  })
  figures.stream.push((opening + closing) / clients)
  figures.event.push(publishing / events / clients)
}

/** @param {import('node:http').Server} server @returns {Promise<number>} */
function connectionsOf(server) {
  return new Promise((resolve) => server.getConnections((_error, count) => resolve(count)))
}

/** @param {readonly number[]} list @param {number} share */
function quantile(list, share) {
  const sorted = list.toSorted((a, b) => a - b)
  return Number(sorted[Math.round((sorted.length - 1) * share)])
}

const cores = await loadBoth()
const [full, stripped] = [await startServer(cores.full), await startServer(cores.stripped)]
// The first turns compile.
for (const one of [full, stripped, stripped, full]) await takeTurn(one)
for (const { figures } of [full, stripped]) figures.stream.length = figures.event.length = 0
for (let turn = 0; turn < turns; turn++) {
  for (const one of turn % 2 === 0 ? [full, stripped] : [stripped, full]) await takeTurn(one)
}
for (const what of /** @type {const} */ (['stream', 'event'])) {
  const ratios = full.figures[what].map((figure, turn) => figure / Number(stripped.figures[what][turn]))
  const [low, median, high] = [0.25, 0.5, 0.75].map((share) => quantile(ratios, share).toFixed(3))
  const cost = quantile(full.figures[what], 0.5).toFixed(2)
  console.log(
    `${what}: ${cost} µs, ${median} of core without them (half of ${turns} turns: ${low} to ${high})`,
  )
}
process.exit(0)
