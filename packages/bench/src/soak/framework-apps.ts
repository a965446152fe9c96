import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { StreamStats } from '@downstream/core'
import { sse as sseMiddleware } from '@downstream/express'
import ssePlugin from '@downstream/fastify'
import express from 'express'
import fastify from 'fastify'

/** An app whose /events opens a stream. */
export interface FrameworkApp {
  readonly port: number
  stats(): StreamStats
  close(): Promise<void>
}

const limits = { total: 20_000, perKey: 20_000, key: () => 'all' }

/** The same app on both frameworks; `drain` in ms. */
export const frameworkApps: Record<string, (drain: number) => Promise<FrameworkApp>> = {
  async Express(drain) {
    const events = sseMiddleware({ limits })
    const app = express().use(events)
    app.get('/events', (_req, res) => void res.sse())
    const server = createServer(app).listen({ port: 0, host: '127.0.0.1', backlog: 4_096 })
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    return { port, stats: events.stats, close: () => events.close({ server, drain }) }
  },
  async Fastify(drain) {
    const app = fastify()
    await app.register(ssePlugin, { limits, drain })
    // Clients also disconnect during a hook, before the headers.
    app.addHook('onSend', async () => new Promise((resolve) => setTimeout(resolve, 1)))
    app.get('/events', (_request, reply) => void reply.sse())
    await app.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 })
    const { port } = app.server.address() as AddressInfo
    return { port, stats: () => app.sse.stats(), close: () => app.close() }
  },
}
