import sse from '@downstream/fastify'
import fastifyStatic from '@fastify/static'
import Fastify from 'fastify'
import { assets } from './assets.ts'
import { host } from './host.ts'
import { hub } from './hub.ts'
import { say } from './panels/chat.ts'
import { cancelJob, startJob } from './panels/job.ts'
import { joke } from './panels/jokes.ts'
import { notify, readNotificationType } from './panels/notifications.ts'
import { countOn } from './panels/stats.ts'
import { tokens } from './panels/tokens.ts'
import { pageState } from './panels.ts'
import { viewSource } from './view-source.ts'
import { readChannels, readWord } from './visitor-input.ts'

type Query = { Querystring: Record<string, unknown> }
type Body = { Body: Record<string, unknown> | null }

/** Resolves when it listens, with a function that stops it. */
export async function startFastify(port: number, expressPort: number): Promise<() => Promise<void>> {
  // Browsers open connections in advance; close() alone would wait a minute for such a connection.
  const app = Fastify({ forceCloseConnections: true, bodyLimit: 16_384 })

  await app.register(sse, { retry: 1000, lastEventIdParameter: 'after' })
  for (const { path, root } of assets) {
    await app.register(fastifyStatic, { prefix: path, root, decorateReply: path === '/' })
  }

  app.get('/state', (_request, reply) => {
    const other = { framework: 'Express', port: expressPort }
    reply.header('Cache-Control', 'no-store').send({ ...pageState(), framework: 'Fastify', other })
  })

  // #region events
  app.get<Query>('/events', (request, reply) => {
    hub.subscribe(reply.sse(), readChannels(request.query.channels))
  })
  // #endregion

  // #region notifications
  app.post<Body>('/notifications', (request, reply) => {
    const type = readNotificationType(request.body?.type)
    if (type) notify(type)
    reply.code(type ? 204 : 400).send()
  })
  // #endregion

  // #region chat
  app.post<Body>('/chat', async (request, reply) => {
    const said = await say(request.body, 'Fastify')
    reply.code(said ? 204 : 400)
  })
  // #endregion

  // #region job
  app.post('/job', (_request, reply) => {
    startJob()
    reply.code(204).send()
  })

  app.delete('/job', (_request, reply) => {
    cancelJob()
    reply.code(204).send()
  })
  // #endregion

  // #region news
  app.get<Query>('/news', (request, reply) => {
    const key = readWord(request.query.key)
    if (!key) return reply.code(400).send()
    hub.subscribe(reply.sse(), 'news', { key })
  })

  app.post<Body>('/cut', async (request, reply) => {
    const key = readWord(request.body?.key)
    if (key) await hub.disconnect(key)
    return reply.code(204).send()
  })
  // #endregion

  // #region jokes
  app.get('/jokes', (_request, reply) => reply.sse(joke))
  // #endregion

  // #region tokens
  app.get<Query>('/tokens', (request, reply) => {
    const prompt = readWord(request.query.prompt)
    const run = readWord(request.query.run)
    if (!prompt || !run) return reply.code(400).send()
    return reply.sse((stream) => tokens(stream, prompt, run))
  })
  // #endregion

  app.get<{ Params: { panel: string } }>('/source/:panel', async (request, reply) => {
    const excerpts = await viewSource(request.params.panel)
    return excerpts ?? reply.code(404).send()
  })

  countOn('Fastify', app.server)
  await app.listen({ port, host })

  return () => app.close()
}
