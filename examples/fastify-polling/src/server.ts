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

// Browsers open connections in advance; app.close() alone would wait a minute for such a connection.
const app = Fastify({ forceCloseConnections: true })

// A page that changes from streaming to polling opens a new EventSource. It writes its last event ID into the URL, and
// the number of seconds that a response may wait.
await app.register(sse, { lastEventIdParameter: 'after', waitParameter: 'wait' })
await app.register(fastifyStatic, { root: fileURLToPath(new URL('../public', import.meta.url)) })
await app.register(bufferingProxy, { prefix: '/buffered', target: `http://localhost:${port}` })

// The cursor first: a reading in between arrives twice, and the page recognizes it by its number.
app.get('/newest', (_request, reply) => {
  const cursor = hub.cursor()
  reply.header('Cache-Control', 'no-store').send({ cursor, reading: station.newest })
})

// The same route streams, and answers long polls: see `waitParameter`.
app.get('/events', (_request, reply) => {
  const stream = reply.sse({ retry: 1000 })
  // Arrives at once, unless a proxy buffers it: so the page knows whether streaming works.
  stream.send({ event: 'hello', data: '' })
  hub.subscribe(stream, 'weather')
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

await app.listen({ port }).catch((cause) => {
  throw new Error(`Cannot listen on port ${port}. Choose another: PORT=${port + 10} npm start`, { cause })
})
console.log(`http://localhost:${port}`)
