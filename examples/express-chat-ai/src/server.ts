import { fileURLToPath } from 'node:url'
import { createHub, createRuns, sse } from '@downstream/express'
import { RedisLog, RedisRunStore } from '@downstream/redis'
import express from 'express'
import { Redis } from 'ioredis'
import { Chats, type Message } from './chats.ts'
import { generate } from './model.ts'

const port = Number(process.env.PORT || 3000)
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

const app = express()
const events = sse({ retry: 1000, lastEventIdParameter: 'after' })

app.use(events)
app.use(express.static(fileURLToPath(new URL('../public', import.meta.url))))

app.param('chat', (_req, res, next, chat) => {
  // Check here whether this user may see this chat. The ids of runs begin with it, so this covers all routes.
  if (/^[\w-]{1,64}$/.test(chat)) next()
  else res.sendStatus(404)
})

app.get('/chats/:chat', async ({ params: { chat } }, res) => {
  // The cursor first: a question asked in between then arrives twice instead of being lost.
  const cursor = hub.cursor()
  const messages = (await chats.list(chat)).map(async (message) => {
    if (message.answer !== undefined) return message
    return { ...message, run: (await runs.state(`${chat}/${message.id}`))?.status ?? 'unknown' }
  })
  res.set('Cache-Control', 'no-store').json({ cursor, messages: await Promise.all(messages) })
})

app.get('/chats/:chat/events', (req, res) => {
  hub.subscribe(res.sse(), `chat:${req.params.chat}`)
})

app.put('/chats/:chat/:id', express.json({ limit: '16kb' }), async (req, res) => {
  const { chat, id } = req.params as { chat: string; id: string }
  const { prompt, again = false } = req.body ?? {}
  if (
    !/^[\w-]{1,64}$/.test(id) ||
    typeof prompt !== 'string' ||
    prompt.trim() === '' ||
    prompt.length > 2000
  ) {
    return res.status(400).json({ error: 'A question has an id and a prompt of up to 2000 characters.' })
  }
  const message = { id, at: Date.now(), prompt: prompt.trim() }
  // The page chose the id: if it repeats the question because the response was lost, nothing starts twice.
  const source = ({ signal }: { signal: AbortSignal }) => answer(chat, message, signal)
  const { started } = await runs.start(`${chat}/${id}`, source, { replace: again, ttl })
  res.sendStatus(started ? 201 : 200)
})

app.get('/chats/:chat/:id/answer', async ({ params: { chat, id } }, res) => {
  if ((await runs.state(`${chat}/${id}`)) === undefined) return res.sendStatus(404)
  return runs.follow(res.sse(), `${chat}/${id}`)
})

app.delete('/chats/:chat/:id/answer', async ({ params: { chat, id } }, res) => {
  await runs.stop(`${chat}/${id}`)
  res.sendStatus(204)
})

await hub.ready()
const server = app.listen(port, (error) => {
  if (error)
    throw new Error(`Cannot listen on port ${port}. Choose another: PORT=${port + 10} npm start`, {
      cause: error,
    })
  console.log(`http://localhost:${port}`)
})

async function stop(drain: number) {
  // The port is free at once for the next version of this app. Answers in progress may finish in this process.
  server.close()
  await runs.close({ drain })
  await events.close({ server })
  await hub.close()
  redis?.disconnect()
}

process.once('SIGINT', () => stop(0))
process.once('SIGTERM', () => stop(30_000))
