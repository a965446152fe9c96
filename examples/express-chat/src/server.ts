import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createHub, sse } from '@downstream/express'
import express from 'express'
import { History, type Message } from './history.ts'
import { renderPage } from './page.ts'

const port = Number(process.env.PORT || 3000)
const file = process.env.CHAT_FILE || fileURLToPath(new URL('../messages.jsonl', import.meta.url))

const history = new History(file)
const hub = createHub<{ chat: { message: Message } }>()

const app = express()
const events = sse({ retry: 1000 })
const client = readFileSync(fileURLToPath(import.meta.resolve('@downstream/client/browser.js')), 'utf8')

app.use(events)

app.get('/', (_req, res) => {
  // The cursor first: the page receives a message in between twice, and recognizes it by its id.
  const cursor = hub.cursor()
  res.set('Cache-Control', 'no-store').send(renderPage(history.messages, cursor))
})

app.use(express.static(fileURLToPath(new URL('../public', import.meta.url))))

app.get('/client.js', (_req, res) => {
  res.type('js').send(client)
})

app.get('/events', (_req, res) => {
  hub.subscribe(res.sse(), 'chat')
})

app.get('/messages', (_req, res) => {
  res.set('Cache-Control', 'no-store').json(history.messages)
})

app.post('/messages', express.json({ limit: '16kb' }), async (req, res) => {
  const { key, name, text } = req.body ?? {}
  if (!isText(key, 64) || !isText(name, 40) || !isText(text, 2000)) {
    res
      .status(400)
      .json({ error: 'A message has a key, a name of up to 40 characters and a text of up to 2000.' })
    return
  }
  // A sender that did not receive the response sends the message again.
  let message = history.find(key)
  if (message === undefined) {
    message = history.add({ key, name: name.trim(), text: text.trim() })
    await hub.publish('chat', { data: message })
  }
  res.status(201).json(message)
})

function isText(value: unknown, maxLength: number): value is string {
  return typeof value === 'string' && value.trim() !== '' && value.length <= maxLength
}

const server = app.listen(port, (error) => {
  if (error)
    throw new Error(`Cannot listen on port ${port}. Choose another: PORT=${port + 10} npm start`, {
      cause: error,
    })
  console.log(`http://localhost:${port}`)
})

async function stop() {
  await events.close({ server })
  await hub.close()
}

process.on('SIGINT', stop)
process.on('SIGTERM', stop)
