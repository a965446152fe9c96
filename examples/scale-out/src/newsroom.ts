import { setTimeout as sleep } from 'node:timers/promises'
import Fastify from 'fastify'
import { hub } from './hub.ts'
import type { KeptProcess } from './kept-process.ts'
import { publishNews } from './news.ts'

interface NewsroomOptions {
  processes: readonly KeptProcess[]
  port: number
  newsMs: number
}

/** What this demonstration has besides its processes: one source of news, and the actions of the page's buttons. */
export async function openNewsroom({
  processes,
  port,
  newsMs,
}: NewsroomOptions): Promise<() => Promise<void>> {
  const app = Fastify({ forceCloseConnections: true })
  const closing = new AbortController()
  const list = () => processes.map(({ status }) => status)
  let rolling = false

  // The cursor first. It is that of this process, and valid in all: they share one log.
  app.get('/processes', () => ({ cursor: hub.cursor(), processes: list() }))

  app.delete<{ Params: { name: string } }>('/processes/:name', (request, reply) => {
    const found = processes.find(({ status }) => status.name === request.params.name)
    found?.kill()
    return reply.code(found === undefined ? 404 : 204).send()
  })

  // One after another, as a deployment does it.
  app.delete('/processes', async (_request, reply) => {
    reply.code(202).send()
    if (rolling) return
    rolling = true
    for (const kept of processes) await kept.restart()
    rolling = false
  })

  for (const kept of processes) {
    kept.on('change', () => hub.publish('processes', { event: 'processes', data: list() }))
  }
  await redisAnswers()
  await app.listen({ port, host: '127.0.0.1' })
  const publishing = publishNews(newsMs, closing.signal)

  return async () => {
    closing.abort()
    await publishing
    await app.close()
    await hub.close()
  }
}

/** Without this the hub would wait forever. */
async function redisAnswers(): Promise<void> {
  const timer = new AbortController()
  const silence = sleep(10_000, undefined, { signal: timer.signal }).then(() => {
    throw new Error('Redis does not answer: is REDIS_URL right?')
  })
  await Promise.race([hub.ready(), silence])
  timer.abort()
}
