import { fileURLToPath } from 'node:url'
import { sse } from '@downstream/express'
import express from 'express'
import { script } from './page.ts'
import { hub, readTally, vote } from './poll.ts'

const port = Number(process.env.PORT || 3000)

const app = express()
const events = sse({ retry: 1_000 })

app.use(events, express.json())
app.use(express.static(fileURLToPath(new URL('../public', import.meta.url))))
app.get('/main.js', (_req, res) => res.type('js').send(script))

// The current tally first, then each new one. A page that has missed some receives the current one again.
app.get('/poll', (_req, res) => hub.subscribe(res.sse(), 'poll', { snapshot: readTally }))

app.post('/votes', (req, res) => {
  // Anybody may vote, as often as they like. A real app would check here whether this user has voted.
  res.sendStatus(vote(String(req.body.answer)) ? 204 : 404)
})

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
