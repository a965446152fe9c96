import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { sse } from '@downstream/fastify'
import cookie from '@fastify/cookie'
import fastifyStatic from '@fastify/static'
import Fastify from 'fastify'
import { crew } from './crew.ts'
import { departures } from './departures.ts'
import { createTerminalHub } from './terminal-hub.ts'
import { Timetable } from './timetable.ts'

const port = Number(process.env.PORT || 3001)
const tickMs = Number(process.env.TICK_MS || 2500)
const maxAge = Number(process.env.MAX_AGE || 10_000)

const hub = createTerminalHub()
const timetable = new Timetable()
const sessions = new Set<string>()
const door = { ran: 0, refused: 0, opened: 0 }

// Browsers open connections in advance; app.close() alone would wait a minute for such a connection.
const app = Fastify({ forceCloseConnections: true })

// Once, at the root: reply.sse() then works in all plugins and under all prefixes.
await app.register(sse)
await app.register(cookie)
await app.register(fastifyStatic, { root: fileURLToPath(new URL('../public', import.meta.url)) })

await app.register(departures, { prefix: '/departures', hub, board: timetable.board, door })
await app.register(crew, { prefix: '/crew', hub, sessions, door, maxAge })

app.post('/session', (_request, reply) => {
  const id = randomUUID()
  sessions.add(id)
  reply.setCookie('session', id, { path: '/', httpOnly: true, sameSite: 'strict' }).code(204).send()
})

app.get('/session', ({ cookies }, reply) => {
  reply.header('Cache-Control', 'no-store').send({ signedIn: sessions.has(cookies.session ?? '') })
})

app.post('/session/end', ({ cookies: { session } }, reply) => {
  // First the session, then its streams: the browsers reconnect at once and must be refused.
  if (session !== undefined && sessions.delete(session)) hub.disconnect(session)
  reply.clearCookie('session', { path: '/' }).code(204).send()
})

const running = setInterval(() => {
  const message = timetable.tick()
  hub.publish('departures', { event: 'board', data: timetable.board })
  hub.publish('crew', { event: 'message', data: message })
}, tickMs)

app.addHook('onClose', async () => {
  clearInterval(running)
  await hub.close()
})
process.on('SIGINT', () => app.close())
process.on('SIGTERM', () => app.close())

await app.listen({ port }).catch((cause) => {
  throw new Error(`Cannot listen on port ${port}. Choose another: PORT=${port + 10} npm start`, { cause })
})
console.log(`http://localhost:${port}`)
