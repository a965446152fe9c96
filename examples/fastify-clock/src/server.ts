import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type EventStream, type ServerSentEvent, sse } from '@downstream/fastify'
import fastifyStatic from '@fastify/static'
import Fastify from 'fastify'

const port = Number(process.env.PORT || 3001)
const tickMs = Number(process.env.TICK_MS || 1000)

const notifications = [
  'The kettle has boiled',
  'A parcel is at the door',
  'The laundry is done',
  'Dinner is on the table',
]
let openStreams = 0

/** The events of one page: continues where the page left off; its `finally` runs when the page is closed. */
async function* ticks({ lastEventId, signal }: EventStream): AsyncGenerator<ServerSentEvent> {
  // It comes from the client, so it can be anything.
  const resumedAfter = /^\d{1,15}$/.test(lastEventId) ? Number(lastEventId) : undefined
  openStreams++
  try {
    for (let id = resumedAfter === undefined ? 0 : resumedAfter + 1; ; id++) {
      yield { event: 'time', id, data: { time: new Date(), resumedAfter } }
      if (id % 5 === 0) {
        yield { event: 'notification', id, data: notifications[(id / 5) % notifications.length] }
      }
      if (id % 10 === 0) {
        yield { event: 'status', id, data: status() }
      }
      await sleep(tickMs, undefined, { signal })
    }
  } finally {
    openStreams--
  }
}

function status() {
  return {
    uptimeSeconds: Math.floor(process.uptime()),
    openStreams,
    memoryBytes: process.memoryUsage.rss(),
  }
}

// Browsers open connections in advance; app.close() alone would wait a minute for such a connection.
const app = Fastify({ forceCloseConnections: true })

// A page that opens a new EventSource cannot set the header Last-Event-ID, but it can write the URL.
await app.register(sse, { retry: 1000, lastEventIdParameter: 'lastEventId' })
await app.register(fastifyStatic, { root: fileURLToPath(new URL('../public', import.meta.url)) })
app.get('/events', (_request, reply) => reply.sse(ticks))

process.on('SIGINT', () => app.close())
process.on('SIGTERM', () => app.close())

await app.listen({ port }).catch((cause) => {
  throw new Error(`Cannot listen on port ${port}. Choose another: PORT=${port + 10} npm start`, { cause })
})
console.log(`http://localhost:${port}`)
