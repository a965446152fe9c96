// `npm run soak -- --minutes 10 --clients 5000`: prints a page, and fails if an event is lost, repeated or silently missing, or memory grows.
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { freePorts } from '../../../../scripts/free-ports.mjs'
import { forkScript, SoakApp } from './apps.ts'
import type { AppOptions, ClientsReport, Target, ToClients } from './messages.ts'
import { growths, hasPassed, pageOf, type Sample } from './page.ts'
import { UnsteadyRedis } from './redis.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    clients: { type: 'string', default: '5000' },
    pace: { type: 'string', default: '1000' },
  },
})
const [minutes, clients, pace] = [values.minutes, values.clients, values.pace].map(Number) as [
  number,
  number,
  number,
]
const duration = minutes * 60_000

const redis = await UnsteadyRedis.start().catch(({ message }: Error) => {
  console.error(message)
  process.exit(1)
})
const published: [string, number, boolean][] = []
const channelsOf = (name: string) =>
  Array.from({ length: 8 }, (_, n): [string, number] => [`${name}-${n}`, 1])

async function startApp(name: string, options: Partial<AppOptions>): Promise<{ app: SoakApp; port: number }> {
  const port = await freePorts()
  const all: AppOptions = { framework: 'express', port, channels: channelsOf(name), pace, ...options }
  const app = new SoakApp(name, all, (one) => published.push(one))
  await app.start()
  return { app, port }
}

const http2Port = await freePorts()
const express = await startApp('express-redis', { redisPort: redis.port })
const fastify = await startApp('fastify-redis', { redisPort: redis.port, framework: 'fastify' })
const alone = await startApp('fastify-memory', { framework: 'fastify', http2Port })
const apps = [express, fastify, alone].map(({ app }) => app)
const namesOf = (...names: string[]) => names.flatMap((name) => channelsOf(name).map(([channel]) => channel))
const targets: Target[] = [
  { ports: [express.port, fastify.port], channels: namesOf('express-redis', 'fastify-redis') },
  { ports: [alone.port], http2Port, channels: namesOf('fastify-memory') },
]

const clientProcess = forkScript('clients', { count: clients, targets, life: Math.min(60_000, duration / 6) })
let report: ClientsReport = { open: 0, connections: {}, events: 0, gaps: 0, runs: 0 }
clientProcess.on('message', (message: ClientsReport) => {
  report = { ...report, ...message }
})
const tellClients = (message: ToClients) => clientProcess.connected && clientProcess.send(message)
const telling = setInterval(() => {
  if (published.length > 0) tellClients({ published: published.splice(0) })
}, 200)

/**
 * The troubles of the run, each at a fraction of its duration. The second half restarts no process, so that growth can
 * be measured.
 */
const troubles: [at: number, what: string, trouble: () => Promise<void>][] = [
  [0.08, 'Redis stalled for 1 s', () => redis.stall(1_000)],
  [0.16, 'an Express process was killed', () => express.app.kill()],
  [0.24, 'a Fastify process was restarted', () => fastify.app.restart()],
  [0.32, 'Redis failed over to its replica', () => redis.failOver()],
  [0.4, 'the process without Redis was restarted', () => alone.app.restart()],
  [0.46, 'an Express process was restarted', () => express.app.restart()],
  [0.56, 'Redis restarted without its data', () => redis.restart()],
  [0.66, 'Redis stalled for 4 s', () => redis.stall(4_000)],
  [0.78, 'Redis failed over again', () => redis.failOver()],
]

const samples: Sample[] = []
const started = performance.now()
const elapsed = () => performance.now() - started
const sampling = setInterval(
  async () => {
    for (const app of apps)
      if (!app.closing) samples.push({ app: app.name, at: elapsed() / 1_000, state: await app.state() })
    if (process.stderr.isTTY || minutes > 2)
      console.error(
        `${Math.round(elapsed() / 1_000)} s: ${report.open} open, ${report.events} events, ${report.gaps} gaps`,
      )
  },
  Math.min(10_000, duration / 40),
)

for (const [at, what, trouble] of troubles) {
  await sleep(Math.max(0, at * duration - elapsed()))
  await trouble()
  console.error(`${Math.round(elapsed() / 1_000)} s: ${what}`)
}
await sleep(Math.max(0, duration - elapsed()))
for (const app of apps) app.tell('stop publishing')
// Wait until the last publishes are confirmed or rejected.
await sleep(5_000)
clearInterval(sampling)
tellClients({ published: published.splice(0) })
tellClients('finish')
await once(clientProcess, 'exit')
clearInterval(telling)

const left: string[] = []
const last: Sample[] = []
for (const app of apps) {
  let sample: Sample
  for (let n = 0; ; n++) {
    sample = { app: app.name, at: elapsed() / 1_000, state: await app.state() }
    const { streams, hub, resources } = sample.state
    const sockets = resources.TCPSocketWrap ?? 0
    const open = { streams: streams.open, subscribed: hub.streams, sockets: Math.max(0, sockets - 12) }
    if (Object.values(open).every((count) => count === 0)) break
    if (n === 40) left.push(`${app.name}: ${JSON.stringify(open)}`)
    if (n === 40) break
    await sleep(500)
  }
  last.push(sample)
}
const findings = {
  minutes,
  clients,
  report,
  troubles: troubles.map(([, what]) => what),
  growths: growths(samples.filter(({ at }) => at * 1_000 > duration * 0.6 && at * 1_000 < duration)),
  last,
  left,
}
console.log(pageOf(findings))
await Promise.all(apps.map((app) => app.stop()))
await redis.stop()
process.exit(hasPassed(findings) ? 0 : 1)
