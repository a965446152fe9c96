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

// The tally as it is, then each new one. Its id is the cursor before it was read, so no vote in between is lost.
app.get('/poll', async (_req, res) => {
  const after = hub.cursor()
  const stream = res.sse()
  await stream.send({ event: 'tally', id: after, data: readTally() })
  hub.subscribe(stream, 'poll', { after })
})

app.post('/votes', (req, res) => {
  // Anybody may vote, as often as they like. Here belongs: has this user voted?
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
