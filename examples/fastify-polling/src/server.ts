import { fileURLToPath } from 'node:url'
import { createHub, sse } from '@downstream/fastify'
import fastifyStatic from '@fastify/static'
import Fastify from 'fastify'
import { bufferingProxy } from './buffering-proxy.ts'
import { type Reading, WeatherStation } from './weather-station.ts'

const port = Number(process.env.PORT || 3001)
const readingMs = Number(process.env.READING_MS || 400)

const hub = createHub<{ weather: { reading: Reading } }>()
const station = new WeatherStation()

// Browsers connect ahead of their next request; app.close() alone would wait a minute for such a connection.
const app = Fastify({ forceCloseConnections: true })

// A page that changes from streaming to polling opens a new EventSource. It writes its last event ID into the URL.
await app.register(sse, { lastEventIdParameter: 'after' })
await app.register(fastifyStatic, { root: fileURLToPath(new URL('../public', import.meta.url)) })
await app.register(bufferingProxy, { prefix: '/buffered', target: `http://localhost:${port}` })

// The cursor first: a reading in between comes twice, and the page knows it by its number.
app.get('/newest', (_request, reply) => {
  const cursor = hub.cursor()
  reply.header('Cache-Control', 'no-store').send({ cursor, reading: station.newest })
})

app.get<{ Querystring: { poll?: string } }>('/events', (request, reply) => {
  if (request.query.poll === undefined) {
    const stream = reply.sse({ retry: 1000 })
    // Comes at once, unless something on the way holds it back: by that the page knows whether it can be streamed to.
    stream.send({ event: 'hello', data: '' })
    hub.subscribe(stream, 'weather')
  } else {
    // A response that ends when it has told something. When nothing happens it does so after 20 s, before a proxy loses its
    // patience. The browser is back a second later with its last event ID, and the hub goes on there.
    const stream = reply.sse({ maxAge: 20_000, retry: 1000 })
    hub.subscribe(stream, 'weather', { once: true })
  }
})

const reading = setInterval(() => {
  hub.publish('weather', { event: 'reading', data: station.read() })
}, readingMs)

app.addHook('onClose', async () => {
  clearInterval(reading)
  await hub.close()
})
process.on('SIGINT', () => app.close())
process.on('SIGTERM', () => app.close())

await app.listen({ port })
console.log(`http://localhost:${port}`)
