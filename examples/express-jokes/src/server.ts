import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type EventStream, type ServerSentEvent, sse } from '@downstream/express'
import express from 'express'
import { jokes } from './jokes.ts'

const port = Number(process.env.PORT || 3000)
const retryMs = Number(process.env.RETRY_MS || 0)
const jokesPerConnection = 3

/** Sends a few jokes, then closes; the browser reconnects after the given time. */
async function* tell({ lastEventId, signal }: EventStream, everyMs: number): AsyncGenerator<ServerSentEvent> {
  let told = Number(lastEventId)
  for (let count = 0; count < jokesPerConnection; count++) {
    told = anotherThan(told)
    yield { event: 'joke', id: told, data: jokes[told] }
    await sleep(everyMs, undefined, { signal })
  }
  // `retry` is for the browser, which does not show it to the page. `data` is for the page, so that it can check.
  const retry = retryMs || randomInt(2000, 6000)
  yield { event: 'closing', retry, data: { retry } }
}

function anotherThan(last: number): number {
  const next = randomInt(jokes.length)
  return next === last ? (next + 1) % jokes.length : next
}

const app = express()
// A page that opens another EventSource, for another rate, sends the id of its last joke here.
const events = sse({ lastEventIdParameter: 'last' })

app.use(events)
app.use(express.static(fileURLToPath(new URL('../public', import.meta.url))))

app.get('/jokes', (req, res) => {
  // It comes from the client, so it can be anything.
  const seconds = Math.min(60, Math.max(1, Number(req.query.every) || 3))
  return res.sse((stream) => tell(stream, seconds * 1000))
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
}

process.on('SIGINT', stop)
process.on('SIGTERM', stop)
