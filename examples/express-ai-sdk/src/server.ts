import { fileURLToPath } from 'node:url'
import { createRuns, sse } from '@downstream/express'
import { consumeStream, convertToModelMessages, generateId, streamText, type UIMessage } from 'ai'
import express from 'express'
import { model } from './model.ts'
import { script } from './page.ts'

const port = Number(process.env.PORT || 3000)

/** The messages of each chat: use your database here. */
const chats = new Map<string, UIMessage[]>()
// The client of the SDK parses each event as a chunk, so there is no `end`: its stream already has one.
const runs = createRuns({ controlEvents: { end: false } })

/** The id of the run that answers the newest question of a chat. */
function runOf(chat: string): string {
  return `${chat}/${chats.get(chat)?.findLast(({ role }) => role === 'user')?.id}`
}

const app = express()
const events = sse()

app.use(events)
app.use(express.static(fileURLToPath(new URL('../public', import.meta.url))))
app.get('/main.js', (_req, res) => res.type('js').send(script))

app.get('/api/chat/:id', (req, res) => {
  // Check here, and in the routes below, whether this user may see this chat.
  res.set('Cache-Control', 'no-store').json(chats.get(req.params.id) ?? [])
})

app.post('/api/chat', express.json({ limit: '64kb' }), async (req, res) => {
  const { id, message } = req.body as { id: string; message: UIMessage }
  const run = `${id}/${message.id}`
  await runs.start(run, async ({ signal }) => {
    const originalMessages = [...(chats.get(id) ?? []), message]
    chats.set(id, originalMessages)
    const messages = await convertToModelMessages(originalMessages)
    return streamText({ model, messages, abortSignal: signal }).toUIMessageStreamResponse({
      originalMessages,
      generateMessageId: generateId,
      // Otherwise onFinish would not be called when the run is stopped.
      consumeSseStream: consumeStream,
      onFinish: ({ messages }) => {
        chats.set(id, messages)
      },
    })
  })
  return runs.follow(res.sse(), run)
})

// useChat({ resume: true }) sends this request when the page is loaded, and resumeStream() when it is called.
app.get('/api/chat/:id/stream', async (req, res) => {
  const run = runOf(req.params.id)
  if ((await runs.state(run)) === undefined) return res.sendStatus(204)
  return runs.follow(res.sse(), run)
})

// stop() of the SDK only ends the request, and the run would continue.
app.delete('/api/chat/:id/stream', async (req, res) => {
  await runs.stop(runOf(req.params.id))
  res.sendStatus(204)
})

const server = app.listen(port, (error) => {
  if (error)
    throw new Error(`Cannot listen on port ${port}. Choose another: PORT=${port + 10} npm start`, {
      cause: error,
    })
  console.log(`http://localhost:${port}`)
})

async function stop() {
  server.close()
  await runs.close()
  await events.close({ server })
}

process.once('SIGINT', stop)
process.once('SIGTERM', stop)
