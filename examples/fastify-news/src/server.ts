import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createHub, sse } from '@downstream/fastify'
import fastifyStatic from '@fastify/static'
import Fastify from 'fastify'
import { type Headline, renderPage } from './page.ts'

const port = Number(process.env.PORT || 3001)
const newsMs = Number(process.env.NEWS_MS || 3000)

const texts = [
  'Lighthouse keeper reports clear nights all week',
  'Night train reaches the coast an hour early',
  'Library lends its ten-millionth book',
  'Old bridge reopens to cyclists',
  'Choir of retired sailors wins first prize',
  'Baker finds a recipe from 1741 behind the oven',
  'Storks return to the chimney of the power station',
]
/** The newest headlines for a new page, the newest first. */
const headlines: Headline[] = []
let reported = 0

const hub = createHub<{ news: { headline: Headline } }>()

function report(): void {
  const number = ++reported
  const headline = { number, text: texts[number % texts.length] as string, time: new Date().toISOString() }
  headlines.unshift(headline)
  headlines.splice(30)
  hub.publish('news', { event: 'headline', data: headline })
}

// Browsers open connections in advance; app.close() alone would wait a minute for such a connection.
const app = Fastify({ forceCloseConnections: true })

await app.register(sse, { retry: 1000 })
await app.register(fastifyStatic, { root: fileURLToPath(new URL('../public', import.meta.url)) })

app.get('/', (_request, reply) => {
  // The browser keeps the first id that it gets. No other page knows it, so no other page can cut its connection.
  const page = renderPage({ headlines, cursor: hub.cursor(), key: randomUUID() })
  reply.header('Cache-Control', 'no-store').type('text/html; charset=utf-8').send(page)
})

const client = readFileSync(fileURLToPath(import.meta.resolve('@downstream/client/browser.js')), 'utf8')
app.get('/client.js', (_request, reply) => reply.type('text/javascript').send(client))

const key = { type: 'string', minLength: 1, maxLength: 36 }
const withKey = { type: 'object', required: ['key'], properties: { key } }

app.get<{ Querystring: { key: string } }>(
  '/events',
  { schema: { querystring: withKey } },
  (request, reply) => {
    hub.subscribe(reply.sse(), 'news', { key: request.query.key })
  },
)

app.post<{ Body: { key: string } }>('/cut', { schema: { body: withKey } }, async (request) => {
  await hub.disconnect(request.body.key)
  return { cut: true }
})

for (let i = 0; i < 5; i++) report()
const reporting = setInterval(report, newsMs)

app.addHook('preClose', async () => {
  clearInterval(reporting)
  await hub.close()
})
process.on('SIGINT', () => app.close())
process.on('SIGTERM', () => app.close())

await app.listen({ port }).catch((cause) => {
  throw new Error(`Cannot listen on port ${port}. Choose another: PORT=${port + 10} npm start`, { cause })
})
console.log(`http://localhost:${port}`)
