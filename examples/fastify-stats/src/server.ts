import { fileURLToPath } from 'node:url'
import { createHub, sse } from '@downstream/fastify'
import fastifyStatic from '@fastify/static'
import Fastify from 'fastify'
import { type Sample, Sampler } from './sampler.ts'

const port = Number(process.env.PORT || 3001)
const sampleMs = Number(process.env.SAMPLE_MS || 1000)
/** The samples for a new page: two minutes, at one per second. */
const windowLength = 120

// Browsers open connections in advance; app.close() alone would wait a minute for such a connection.
const app = Fastify({ forceCloseConnections: true })
const hub = createHub<{ stats: { sample: Sample & { streams: number } } }>()
const sampler = new Sampler(app.server)

/** Ids of the newest samples, the oldest first. The samples themselves are in the hub's log. */
const ids: string[] = []

async function sample(): Promise<void> {
  const data = { ...(await sampler.take()), streams: hub.stats().streams }
  ids.push(await hub.publish('stats', { event: 'sample', data }))
  ids.splice(0, ids.length - windowLength)
}

// One timer and one measurement, however many pages are open.
const sampling = setInterval(() => {
  sample().catch((error) => {
    console.error(error)
  })
}, sampleMs)

app.addHook('onRequest', async () => sampler.countRequest())

await app.register(sse, { retry: 1000 })
await app.register(fastifyStatic, { root: fileURLToPath(new URL('../public', import.meta.url)) })
await app.register(fastifyStatic, {
  root: fileURLToPath(new URL('.', import.meta.resolve('uplot'))),
  prefix: '/uplot/',
  decorateReply: false,
})

const clientFolder = fileURLToPath(new URL('.', import.meta.resolve('@downstream/client/browser.js')))
app.get('/client.js', (_request, reply) => reply.sendFile('browser.js', clientFolder))

// A new page starts two minutes ago: it receives those samples from the log, then the new ones.
app.get('/events', (_request, reply) => {
  hub.subscribe(reply.sse(), 'stats', { after: ids[0] })
})

// For the two buttons with which the page changes its plots. A real app has other routes.
app.get('/ping', () => ({ pong: true }))
app.post('/block', (_request, reply) => {
  const end = performance.now() + 300
  while (performance.now() < end);
  reply.code(204).send()
})

app.addHook('onClose', async () => {
  clearInterval(sampling)
  await hub.close()
})
process.on('SIGINT', () => app.close())
process.on('SIGTERM', () => app.close())

await app.listen({ port }).catch((cause) => {
  throw new Error(`Cannot listen on port ${port}. Choose another: PORT=${port + 10} npm start`, { cause })
})
console.log(`http://localhost:${port}`)
