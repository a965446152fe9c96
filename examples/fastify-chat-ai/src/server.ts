import { fileURLToPath } from 'node:url'
import { createHub, createRuns, sse } from '@downstream/fastify'
import { RedisLog, RedisRunStore } from '@downstream/redis'
import fastifyStatic from '@fastify/static'
import Fastify from 'fastify'
import { Redis } from 'ioredis'
import { Chats, type Message } from './chats.ts'
import { generate } from './model.ts'

const port = Number(process.env.PORT || 3001)
/** After this time other processes report the answers of a dead process as lost. */
const lease = Number(process.env.LEASE_MS || 10_000)
/** How long an answer can be followed after its end. Then the page shows the saved one. */
const ttl = Number(process.env.TTL_MS || 600_000)
// Without Redis everything is in this process and ends with it.
const redis = process.env.REDIS_URL ? new Redis(process.env.REDIS_URL) : undefined

const chats = new Chats(redis)
/** The answers: each continues, whether a page follows it or not. */
const runs = createRuns({ store: redis && new RedisRunStore(redis, { lease }) })
/** Notifies the windows of a chat of new questions. */
const hub = createHub<{ [chat: `chat:${string}`]: { asked: Message } }>({ log: redis && new RedisLog(redis) })

async function* answer(chat: string, message: Message, signal: AbortSignal) {
  await chats.save(chat, message)
  await hub.publish(`chat:${chat}`, { event: 'asked', data: message })
  let text = ''
  try {
    for await (const token of generate(message.prompt, signal)) {
      text += token
      yield { event: 'token', data: token }
    }
  } finally {
    // Also after Stop. A run can be followed for ten minutes after its end; the saved answer is for later.
    await chats.save(chat, { ...message, answer: text })
  }
}

// Browsers open connections in advance; app.close() alone would wait a minute for such a connection.
const app = Fastify({ forceCloseConnections: true, bodyLimit: 16_384 })

await app.register(sse, { retry: 1000, lastEventIdParameter: 'after' })
await app.register(fastifyStatic, { root: fileURLToPath(new URL('../public', import.meta.url)) })

const name = { type: 'string', pattern: '^[\\w-]{1,64}$' }
const ofChat = { params: { type: 'object', properties: { chat: name } } }
const ofMessage = { params: { type: 'object', properties: { chat: name, id: name } } }
const prompt = { type: 'string', pattern: '\\S', maxLength: 2000 }
const again = { type: 'boolean', default: false }
const question = { type: 'object', required: ['prompt'], properties: { prompt, again } }

type OfChat = { Params: { chat: string } }
type OfMessage = { Params: { chat: string; id: string } }
type Question = OfMessage & { Body: { prompt: string; again: boolean } }

await app.register(async (routes) => {
  routes.addHook('preHandler', async () => {
    // Check here whether this user may see this chat. The ids of runs begin with it, so this covers all routes.
  })

  routes.get<OfChat>('/chats/:chat', { schema: ofChat }, async ({ params: { chat } }, reply) => {
    // The cursor first: a question asked in between then arrives twice instead of being lost.
    const cursor = hub.cursor()
    const messages = (await chats.list(chat)).map(async (message) => {
      if (message.answer !== undefined) return message
      return { ...message, run: (await runs.state(`${chat}/${message.id}`))?.status ?? 'unknown' }
    })
    return reply.header('Cache-Control', 'no-store').send({ cursor, messages: await Promise.all(messages) })
  })

  routes.get<OfChat>('/chats/:chat/events', { schema: ofChat }, (request, reply) => {
    hub.subscribe(reply.sse(), `chat:${request.params.chat}`)
  })

  const asking = { schema: { ...ofMessage, body: question } }
  routes.put<Question>('/chats/:chat/:id', asking, async ({ params: { chat, id }, body }, reply) => {
    const message = { id, at: Date.now(), prompt: body.prompt.trim() }
    // The page chose the id: if it repeats the question because the response was lost, nothing starts twice.
    const source = ({ signal }: { signal: AbortSignal }) => answer(chat, message, signal)
    const { started } = await runs.start(`${chat}/${id}`, source, { replace: body.again, ttl })
    return reply.code(started ? 201 : 200).send()
  })

  const path = '/chats/:chat/:id/answer'
  routes.get<OfMessage>(path, { schema: ofMessage }, async ({ params: { chat, id } }, reply) => {
    if ((await runs.state(`${chat}/${id}`)) === undefined) return reply.code(404).send()
    return runs.follow(reply.sse(), `${chat}/${id}`)
  })

  routes.delete<OfMessage>(path, { schema: ofMessage }, async ({ params: { chat, id } }, reply) => {
    await runs.stop(`${chat}/${id}`)
    return reply.code(204).send()
  })
})

async function stop(drain: number) {
  // The port is free at once for the next version of this app. Answers in progress may finish in this process.
  app.server.close()
  await runs.close({ drain })
  await app.close()
  await hub.close()
  redis?.disconnect()
}

process.once('SIGINT', () => stop(0))
process.once('SIGTERM', () => stop(30_000))

await hub.ready()
await app.listen({ port }).catch((cause) => {
  throw new Error(`Cannot listen on port ${port}. Choose another: PORT=${port + 10} npm start`, { cause })
})
console.log(`http://localhost:${port}`)
