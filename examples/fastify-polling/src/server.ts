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
const readNewest = () => station.newest

// Browsers open connections in advance; app.close() alone would wait a minute for such a connection.
const app = Fastify({ forceCloseConnections: true })

await app.register(sse)
await app.register(fastifyStatic, { root: fileURLToPath(new URL('../public', import.meta.url)) })
await app.register(bufferingProxy, { prefix: '/buffered', target: `http://localhost:${port}` })

const clientFolder = fileURLToPath(new URL('.', import.meta.resolve('@downstream/client/browser.js')))
app.get('/client.js', (_request, reply) => reply.sendFile('browser.js', clientFolder))

// The same route streams and answers long polls. It needs to do nothing for that.
app.get('/events', (request, reply) => {
  const stream = reply.sse({ retry: 1000 })
  // For the demonstration only: so the page knows which readings arrived in which response.
  stream.send({ event: 'response', data: { isPoll: request.headers.prefer !== undefined } })
  hub.subscribe(stream, 'weather', { snapshot: readNewest })
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
