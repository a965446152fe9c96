// A process of the soak: serves streams of a hub and of runs, publishes, and reports to its parent.
import { createServer } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import { setTimeout as sleep } from 'node:timers/promises'
import { createHub, createRuns, type SseMethod, StreamGroup, type StreamStats } from '@downstream/core'
import { sse as sseMiddleware } from '@downstream/express'
import ssePlugin from '@downstream/fastify'
import { RedisLog, RedisRunStore } from '@downstream/redis'
import express from 'express'
import fastify from 'fastify'
import { Redis } from 'ioredis'
import type { AppOptions, AppReport, ToApp } from './messages.ts'

const { framework, port, http2Port, redisPort, channels, pace } = JSON.parse(
  String(process.argv[2]),
) as AppOptions

const redis = redisPort === undefined ? undefined : new Redis(redisPort, '127.0.0.1', { lazyConnect: true })
redis?.on('error', () => {})
const ignore = () => {}
const hub = createHub({
  onError: ignore,
  ...(redis && { log: new RedisLog(redis, { maxLength: 20_000, timeout: 3_000 }) }),
})
const runs = createRuns({ onError: ignore, ...(redis && { store: new RedisRunStore(redis) }) })

/** Counts to 40. */
async function* count({ signal }: { signal: AbortSignal }) {
  for (let number = 1; number <= 40; number++) {
    yield String(number)
    await sleep(pace / 5, undefined, { signal })
  }
}

/** The same for all frameworks. */
async function answer(method: string, url: string, sse: SseMethod): Promise<unknown> {
  const { pathname, searchParams } = new URL(url, 'http://localhost')
  const run = pathname.split('/')[2] ?? ''
  if (pathname === '/events') {
    const stream = sse()
    hub.subscribe(stream, searchParams.getAll('channel'))
  } else if (pathname === '/short') {
    await sse(['short'])
  } else if (method === 'POST') {
    await runs.start(run, count, { ttl: 60_000 }).catch(() => {})
    return sse.refuse('stop')
  } else if (method === 'DELETE') {
    await runs.stop(run).catch(() => {})
    return sse.refuse('stop')
  } else {
    await runs.follow(sse(), run)
  }
}

interface App {
  stats(): StreamStats
  close(drain: number): Promise<void>
}

async function startExpress(): Promise<App> {
  const app = express()
  const events = sseMiddleware()
  app.use(events)
  app.use((req, res) => answer(req.method, req.url, res.sse))
  const server = createServer(app).listen({ port, host: '127.0.0.1', backlog: 4_096 })
  return { stats: events.stats, close: (drain) => events.close({ drain, server }) }
}

async function startFastify(): Promise<App> {
  const app = fastify()
  await app.register(ssePlugin, { drain: 1_000 })
  app.all('*', (request, reply) => answer(request.method, request.url, reply.sse))
  await app.listen({ port, host: '127.0.0.1', backlog: 4_096 })
  // The same hub over HTTP/2.
  const group = new StreamGroup()
  const second = createHttp2Server((req, res) => {
    void answer(req.method, req.url, group.sse(req, res, { onSourceError: ignore }))
  })
  if (http2Port !== undefined) second.listen(http2Port, '127.0.0.1')
  return {
    stats: () => app.sse.stats(),
    close: async () => {
      await Promise.all([app.close(), group.close({ drain: 1_000, server: second })])
    },
  }
}

const app = await (framework === 'express' ? startExpress() : startFastify())
let stopping = false

/** One event after another: each number is confirmed, or in doubt, before the next is published. */
async function publish(channel: string, from: number): Promise<void> {
  await sleep(Math.random() * pace)
  for (let number = from; !stopping; number++) {
    const data = `${channel} ${number} ${'.'.repeat(80)}`
    const confirmed = await hub.publish(channel, { data }).then(
      () => true,
      () => false,
    )
    process.send?.({ published: [channel, number, confirmed] } satisfies AppReport)
    await sleep(pace * (0.5 + Math.random()))
  }
}

await hub.ready()
for (const [channel, from] of channels) void publish(channel, from)

process.on('message', async (message: ToApp) => {
  if (message === 'stop publishing') stopping = true
  else if (message === 'report') {
    globalThis.gc?.()
    const { rss, heapUsed } = process.memoryUsage()
    const resources: Record<string, number> = {}
    for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1
    process.send?.({
      state: { rss, heap: heapUsed, resources, streams: app.stats(), hub: hub.stats() },
    } satisfies AppReport)
  } else {
    stopping = true
    await app.close(1_000)
    await Promise.all([hub.close(), runs.close()])
    redis?.disconnect()
    process.exit(0)
  }
})
process.send?.({ ready: true } satisfies AppReport)
