// @fastify/sse sends to one reply: the app has the loop for many clients and the history (both as in its README).
import sse from '@fastify/sse'
import Fastify from 'fastify'
import { tokens } from '../work.mjs'

const app = Fastify()
await app.register(sse)
/** @type {Set<import('fastify').FastifyReply>} */
const replies = new Set()
/** @type {{ id: string, data: string }[]} */
const history = []

app.get('/events', { sse: 'only' }, async (_request, reply) => {
  reply.sse.keepAlive()
  // It sends its headers with the first event.
  await reply.sse.send({ data: 'Connected' })
  await reply.sse.replay(async (lastEventId) => {
    const at = history.findIndex(({ id }) => id === lastEventId)
    for (const message of history.slice(at + 1)) await reply.sse.send(message)
  })
  replies.add(reply)
  reply.sse.onClose(() => replies.delete(reply))
})
app.get('/tokens', { sse: 'only' }, (request, reply) => reply.sse.send(tokens(request.url)))
app.get('/ping', (_request, reply) => reply.send('pong'))
await app.ready()

export const { server } = app

/** @param {string} data */
export function publish(data) {
  const message = { id: String(history.length + 1), data }
  history.push(message)
  for (const reply of replies) reply.sse.send(message)
}
