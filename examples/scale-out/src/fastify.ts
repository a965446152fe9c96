import { fileURLToPath } from 'node:url'
import { sse } from '@downstream/fastify'
import fastifyStatic from '@fastify/static'
import Fastify from 'fastify'
import { hub, type Line } from './hub.ts'

const name = process.env.NAME || 'fastify'
const port = Number(process.env.PORT || 3003)

const app = Fastify({ forceCloseConnections: true })

await app.register(sse, { retry: 500, lastEventIdParameter: 'after', drain: 1000 })
await app.register(fastifyStatic, { root: fileURLToPath(new URL('../public', import.meta.url)) })

app.get('/events', (_request, reply) => {
  const stream = reply.sse()
  // For this page only, and without an id: ids belong to the hub.
  stream.send({ event: 'process', data: name })
  hub.subscribe(stream, ['news', 'chat', 'processes'])
})

const line = {
  type: 'object',
  required: ['key', 'text'],
  properties: {
    key: { type: 'string', minLength: 1, maxLength: 64 },
    text: { type: 'string', pattern: '\\S', maxLength: 500 },
  },
}

app.post<{ Body: Line }>('/chat', { schema: { body: line } }, async (request, reply) => {
  const { key, text } = request.body
  await hub.publish('chat', { event: 'line', data: { key, text, via: name } })
  return reply.code(204).send()
})

app.addHook('onClose', () => hub.close())
process.once('SIGTERM', () => app.close())

await hub.ready()
await app.listen({ port, host: '127.0.0.1' })
// Notifies the process manager, if there is one, that the process is up.
process.send?.('ready')
