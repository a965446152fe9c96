import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { sse } from '@downstream/fastify'
import fastifyStatic from '@fastify/static'
import { transform } from 'esbuild'
import Fastify from 'fastify'
import { countBikes, ride } from './city.ts'
import { hub } from './hub.ts'

const port = Number(process.env.PORT || 3001)
const rideMs = Number(process.env.RIDE_MS || 800)

// Browsers open connections in advance; app.close() alone would wait a minute for such a connection.
const app = Fastify({ forceCloseConnections: true })

await app.register(sse)
await app.register(fastifyStatic, { root: fileURLToPath(new URL('../public', import.meta.url)) })

// The page is TypeScript, too. Here only its types are removed; a bundler would do the same and more.
const source = await readFile(new URL('../page/app.ts', import.meta.url), 'utf8')
const { code } = await transform(source, { loader: 'ts', target: 'es2022' })
const client = await readFile(fileURLToPath(import.meta.resolve('@downstream/client/browser.js')))

app.get('/app.js', (_request, reply) => reply.type('text/javascript').send(code))
app.get('/client.js', (_request, reply) => reply.type('text/javascript').send(client))

// The cursor first: what happens in between is in both. The page reloads only after a gap.
app.get('/bikes', (_request, reply) => {
  const cursor = hub.cursor()
  reply.header('Cache-Control', 'no-store').send({ cursor, stations: countBikes() })
})

app.get('/events', (_request, reply) => {
  hub.subscribe(reply.sse({ retry: 1000 }), 'bikes')
})

const riding = setInterval(ride, rideMs)

app.addHook('preClose', async () => {
  clearInterval(riding)
  await hub.close()
})
process.on('SIGINT', () => app.close())
process.on('SIGTERM', () => app.close())

await app.listen({ port }).catch((cause) => {
  throw new Error(`Cannot listen on port ${port}. Choose another: PORT=${port + 10} npm start`, { cause })
})
console.log(`http://localhost:${port}`)
