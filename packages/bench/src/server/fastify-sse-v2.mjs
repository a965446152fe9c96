// Like @fastify/sse it sends to one reply; it cannot resume a client.
import Fastify from 'fastify'
import { FastifySSEPlugin } from 'fastify-sse-v2'
import { tokens } from '../work.mjs'

const app = Fastify()
await app.register(FastifySSEPlugin)
/** @type {Set<import('fastify').FastifyReply>} */
const replies = new Set()
let published = 0

app.get('/events', (request, reply) => {
  reply.sse({ data: 'Connected' })
  replies.add(reply)
  request.socket.on('close', () => replies.delete(reply))
})
app.get('/tokens', (request, reply) => reply.sse(tokens(request.url, (data) => ({ data }))))
app.get('/ping', (_request, reply) => reply.send('pong'))
await app.ready()

export const { server } = app

/** @param {string} data */
export function publish(data) {
  const message = { id: String(++published), data }
  for (const reply of replies) reply.sse(message)
}
