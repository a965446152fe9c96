import sse, { createHub } from '@downstream/fastify'
import Fastify from 'fastify'
import { tokens } from '../work.mjs'

const hub = createHub()
const app = Fastify()
await app.register(sse)
app.get('/events', (_request, reply) => hub.subscribe(reply.sse(), 'news'))
app.get('/tokens', (request, reply) => reply.sse(tokens(request.url)))
app.get('/ping', (_request, reply) => reply.send('pong'))
await app.ready()

export const { server } = app

/** @param {string} data */
export function publish(data) {
  hub.publish('news', { data })
}
