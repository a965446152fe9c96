import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { sse } from '@downstream/fastify'
import fastifyStatic from '@fastify/static'
import type { FastifyPluginAsync, RawServerBase } from 'fastify'

const tickMs = Number(process.env.TICK_MS || 1000)

/** The page, and a stream for each room. The same code for HTTP/2 and HTTP/1.1. */
export const rooms: FastifyPluginAsync<object, RawServerBase> = async (app) => {
  await app.register(sse, { retry: 1_000 })
  await app.register(fastifyStatic, { root: fileURLToPath(new URL('../public', import.meta.url)) })

  app.get<{ Params: { room: string } }>('/rooms/:room', (request, reply) =>
    reply.sse(async function* ({ signal }) {
      // The port of the client names its connection.
      const { httpVersion, socket } = request.raw
      yield { event: 'opened', data: { http: httpVersion, connection: socket.remotePort } }
      for (let celsius = 18 + 4 * Math.random(); ; celsius += Math.random() - 0.5) {
        yield { event: 'temperature', data: celsius.toFixed(1) }
        await sleep(tickMs, undefined, { signal })
      }
    }),
  )
}
