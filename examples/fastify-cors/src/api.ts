import { randomUUID } from 'node:crypto'
import { createHub, sse } from '@downstream/fastify'
import cookie from '@fastify/cookie'
import cors from '@fastify/cors'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'

interface Session {
  id: string
  name: string
}

/** The events, on a separate origin. Only pages of `origin` may read them and sign in. */
export async function createApi(origin: string): Promise<FastifyInstance> {
  const hub = createHub<{ [user: `user:${string}`]: { note: { text: string } } }>()
  const sessions = new Map<string, Session>()
  const api = Fastify({ forceCloseConnections: true })

  // First of all: a page can read a 401 only if it has the headers, too. With credentials the origin must be named.
  await api.register(cors, { origin, credentials: true })
  await api.register(cookie)
  await api.register(sse, { retry: 1000, maxAge: 15 * 60_000, lastEventIdParameter: 'after' })

  const sessionOf = ({ cookies }: FastifyRequest) => sessions.get(cookies.session ?? '')

  api.post<{ Body: { name: string } }>('/session', { schema: withText('name', 40) }, (request, reply) => {
    const session = { id: randomUUID(), name: request.body.name }
    sessions.set(session.id, session)
    // Lax is enough for another port or subdomain. For another site it must be 'none' and secure.
    reply
      .setCookie('session', session.id, { path: '/', httpOnly: true, sameSite: 'lax' })
      .send({ name: session.name })
  })

  api.get('/session', (request, reply) => {
    // Not a 401: the page sends this request when it loads, and a browser logs every 401 as an error.
    return reply.header('Cache-Control', 'no-store').send({ name: sessionOf(request)?.name ?? '' })
  })

  api.post('/session/end', (request, reply) => {
    const { id } = sessionOf(request) ?? {}
    // First the session, then its streams: the browsers reconnect at once and must be refused.
    if (id !== undefined && sessions.delete(id)) hub.disconnect(id)
    reply.code(204).send()
  })

  api.post<{ Body: { text: string } }>(
    '/notes',
    { schema: withText('text', 500) },
    async (request, reply) => {
      const session = sessionOf(request)
      if (session === undefined) return reply.code(401).send({ error: 'Sign in first' })
      await hub.publish(`user:${session.name}`, { event: 'note', data: { text: request.body.text } })
      return reply.code(204).send()
    },
  )

  api.get('/events', (request, reply) => {
    const session = sessionOf(request)
    if (session === undefined) return reply.code(401).send({ error: 'Sign in first' })
    return hub.subscribe(reply.sse(), `user:${session.name}`, { key: session.id })
  })

  api.addHook('onClose', () => hub.close())
  return api
}

function withText(name: string, maxLength: number) {
  const properties = { [name]: { type: 'string', minLength: 1, maxLength } }
  return { body: { type: 'object', required: [name], properties } }
}
