import { fileURLToPath } from 'node:url'
import { createHub, sse } from '@downstream/fastify'
import fastifyStatic from '@fastify/static'
import Fastify from 'fastify'
import { type Incident, League, type Match } from './league.ts'
import { renderPage } from './page.ts'

const port = Number(process.env.PORT || 3001)
const minuteMs = Number(process.env.MINUTE_MS || 500)
const pauseMinutes = Number(process.env.PAUSE_MINUTES || 20)

/** The current state of a match, without its history. */
type Score = Omit<Match, 'incidents'>
/** What has happened, and the new score. */
type Report = { score: Score; incident: Incident }

/** A channel for each match, so that a page can follow one of them or all. */
const hub = createHub<{
  [match: `match:${number}`]: {
    score: Score
    'kick-off': Report
    goal: Report
    card: Report
    end: Report
  }
}>()

const league = new League(pauseMinutes, ({ incidents, ...score }, incident) => {
  const channel = `match:${score.id}` as const
  if (incident === undefined) hub.publish(channel, { event: 'score', data: score })
  else hub.publish(channel, { event: incident.type, data: { score, incident } })
})

// Browsers open connections in advance; app.close() alone would wait a minute for such a connection.
const app = Fastify({ forceCloseConnections: true })

// The page writes hub.cursor() into the URL. After a lost connection the browser's Last-Event-ID takes precedence.
await app.register(sse, { retry: 1000, lastEventIdParameter: 'after' })
await app.register(fastifyStatic, { root: fileURLToPath(new URL('../public', import.meta.url)) })

const match = { type: 'integer', minimum: 1, maximum: league.matches.length }
const schema = { querystring: { type: 'object', properties: { match } } }
type Query = { Querystring: { match?: number } }

app.get<Query>('/', { schema }, ({ query }, reply) => {
  // The cursor first: an incident in between arrives twice, and the page recognizes it by its id.
  const cursor = hub.cursor()
  const page = renderPage({ matches: league.matches, only: query.match, cursor })
  reply.header('Cache-Control', 'no-store').type('text/html; charset=utf-8').send(page)
})

app.get<Query>('/events', { schema }, ({ query }, reply) => {
  const ids = query.match === undefined ? league.matches.map(({ id }) => id) : [query.match]
  hub.subscribe(
    reply.sse(),
    ids.map((id) => `match:${id}` as const),
  )
})

const playing = setInterval(() => league.tick(), minuteMs)

app.addHook('onClose', async () => {
  clearInterval(playing)
  await hub.close()
})
process.on('SIGINT', () => app.close())
process.on('SIGTERM', () => app.close())

await app.listen({ port }).catch((cause) => {
  throw new Error(`Cannot listen on port ${port}. Choose another: PORT=${port + 10} npm start`, { cause })
})
console.log(`http://localhost:${port}`)
