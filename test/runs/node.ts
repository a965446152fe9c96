/**
 * A process of an app, on Express or on Fastify, whose runs are on Redis: `node.ts <express|fastify> <port of Redis>
 * <lease>`. Its parent sends it commands, and it serves `GET /<id>`.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createRuns } from '@downstream/core'
import { sse as expressSse } from '@downstream/express'
import { sse as fastifySse } from '@downstream/fastify'
import { RedisRunStore } from '@downstream/redis'
import express from 'express'
import Fastify from 'fastify'
import { Redis } from 'ioredis'

/** The commands of the parent. */
export type Order =
  /**
   * A run of this many events, `pause` ms apart (0: as fast as possible, in pieces); if it `stays`, it does not end by
   * itself.
   */
  | { do: 'start'; id: string; events: number; pause: number; stays?: boolean }
  | { do: 'stop'; id: string }
  | { do: 'state'; id: string }

/** What a source reports when its run is stopped. */
export interface Stopped {
  id: string
  /** The code of the signal's reason. */
  reason: string
  /** The time of the last yield, in ms since the epoch. */
  lastYieldAt: number
}

const [, , framework, redisPort, lease] = process.argv
const runs = createRuns({
  store: new RedisRunStore(new Redis(Number(redisPort)), { lease: Number(lease) }),
  onError: (error) => console.error(error),
})

async function* produce({ id, events, pause, stays }: Order & { do: 'start' }, signal: AbortSignal) {
  let lastYieldAt = 0
  signal.addEventListener('abort', () => {
    const stopped: Stopped = { id, reason: (signal.reason as { code: string }).code, lastYieldAt }
    process.send?.({ stopped })
  })
  for (let n = 0; n < events; n++) {
    lastYieldAt = performance.timeOrigin + performance.now()
    yield String(n)
    if (pause > 0) await sleep(pause, undefined, { signal })
    else if (n % 7 === 0) await sleep(0, undefined, { signal })
  }
  while (stays) await sleep(3_600_000, undefined, { signal })
}

process.on('message', async ({ order, number }: { order: Order; number: number }) => {
  const { id } = order
  if (order.do === 'start') await runs.start(id, ({ signal }) => produce(order, signal))
  const state = order.do === 'stop' ? await runs.stop(id) : await runs.state(id)
  process.send?.({ number, state })
})

process.send?.({ port: framework === 'express' ? await serveExpress() : await serveFastify() })

async function serveExpress(): Promise<number> {
  const app = express()
  app.use(expressSse())
  app.get('/:id', (req, res) => runs.follow(res.sse(), req.params.id))
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function serveFastify(): Promise<number> {
  const app = Fastify()
  await app.register(fastifySse)
  app.get<{ Params: { id: string } }>('/:id', ({ params }, reply) => runs.follow(reply.sse(), params.id))
  await app.listen({ port: 0, host: '127.0.0.1' })
  return (app.server.address() as AddressInfo).port
}
