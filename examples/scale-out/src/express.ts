import { fileURLToPath } from 'node:url'
import { sse } from '@downstream/express'
import express from 'express'
import { hub } from './hub.ts'

const name = process.env.NAME || 'express'
const port = Number(process.env.PORT || 3001)

const app = express()
const events = sse({ retry: 500, lastEventIdParameter: 'after' })

app.use(events)
app.use(express.static(fileURLToPath(new URL('../public', import.meta.url))))

app.get('/events', (_req, res) => {
  const stream = res.sse()
  // For this page only, and without an id: ids belong to the hub.
  stream.send({ event: 'process', data: name })
  hub.subscribe(stream, ['news', 'chat', 'processes'])
})

app.post('/chat', express.json({ limit: '16kb' }), async (req, res) => {
  const { key, text } = req.body ?? {}
  if (!isText(key, 64) || !isText(text, 500)) {
    res.status(400).json({ error: 'A line has a key and a text of up to 500 characters.' })
    return
  }
  await hub.publish('chat', { event: 'line', data: { key, text, via: name } })
  res.sendStatus(204)
})

function isText(value: unknown, maxLength: number): value is string {
  return typeof value === 'string' && value.trim() !== '' && value.length <= maxLength
}

await hub.ready()
const server = app.listen(port, '127.0.0.1', (error) => {
  if (error) throw error
  // Notifies the process manager, if there is one, that the process is up.
  process.send?.('ready')
})

process.once('SIGTERM', async () => {
  await events.close({ server, drain: 1000 })
  await hub.close()
})
