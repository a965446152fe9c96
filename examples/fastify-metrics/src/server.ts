import { fileURLToPath } from 'node:url'
import { createHub, sse } from '@downstream/fastify'
import fastifyStatic from '@fastify/static'
import Fastify from 'fastify'
import { registerMetrics } from './metrics.ts'

const port = Number(process.env.PORT || 3001)

const app = Fastify({ forceCloseConnections: true })
const hub = createHub<{ ticks: { tick: number } }>()

await app.register(sse, { retry: 1000, limits: { total: Number(process.env.MAX_STREAMS || 10_000) } })
await app.register(fastifyStatic, { root: fileURLToPath(new URL('../public', import.meta.url)) })
const metrics = registerMetrics(app, hub)

app.get('/events', (_request, reply) => {
  hub.subscribe(reply.sse(), 'ticks')
})

// For Prometheus. Do not expose it to the internet: use a separate port, or your login.
app.get('/metrics', async (_request, reply) => {
  reply.type(metrics.contentType)
  return metrics.metrics()
})

let tick = 0
const ticking = setInterval(() => void hub.publish('ticks', { event: 'tick', data: ++tick }), 1000)

app.addHook('onClose', async () => {
  clearInterval(ticking)
  await hub.close()
})
process.on('SIGINT', () => app.close())
process.on('SIGTERM', () => app.close())

await app.listen({ port }).catch((cause) => {
  throw new Error(`Cannot listen on port ${port}. Choose another: PORT=${port + 10} npm start`, { cause })
})
console.log(`http://localhost:${port}`)
