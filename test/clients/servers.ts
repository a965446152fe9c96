// The same routes on an Express app and a Fastify app, to which real clients connect.
import type { IncomingMessage, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { SseMethod } from '@downstream/core'
import { sse as sseMiddleware } from '@downstream/express'
import { sse as ssePlugin } from '@downstream/fastify'
import fastifyCors from '@fastify/cors'
import cors from 'cors'
import express from 'express'
import fastify from 'fastify'

/** The code of a route, for every framework and HTTP method: `sse` is `res.sse` or `reply.sse`. */
type Route = (sse: SseMethod, request: RouteRequest) => unknown

export interface RouteRequest {
  raw: IncomingMessage
  /** The parsed JSON body. */
  body: unknown
  /** Answers without a stream. */
  answer(status: number, headers?: Record<string, string>): unknown
}

interface StartOptions {
  /** Default: any free port. */
  port?: number
  /** Another origin whose pages may read, with cookies. Default: none. */
  allowOrigin?: string
}

export interface TestServer {
  /** Without a slash at the end. `/` is an empty page. */
  url: string
  port: number
  /** Destroys every connection, as a crash would. */
  cut(): void
  /** Ends the streams and the server as the README says. `meanwhile` runs when the streams have ended. */
  close(meanwhile?: () => Promise<unknown>): Promise<void>
}

type Start = (routes: Record<string, Route>, options?: StartOptions) => Promise<TestServer>

/** For `describe.each`. */
export const servers: { server: string; start: Start }[] = [
  { server: 'Express 5', start: startExpress },
  { server: 'Fastify 5', start: startFastify },
]

/** The retry that clients receive at a shutdown, in ms. */
const CLOSE_RETRY = 300

const running = new Set<TestServer>()

/** For `afterEach`. */
export async function closeServers(): Promise<void> {
  const servers = [...running]
  // If one does not close, the next test must not fail as well.
  running.clear()
  for (const server of servers) server.cut()
  await Promise.all(servers.map((server) => server.close()))
}

const emptyPage = '<!doctype html><title>Test</title>'

async function startExpress(
  routes: Record<string, Route>,
  { port = 0, allowOrigin }: StartOptions = {},
): Promise<TestServer> {
  const app = express()
  const events = sseMiddleware()
  if (allowOrigin !== undefined) app.use(cors({ origin: allowOrigin, credentials: true }))
  app.use(express.json(), events)
  app.get('/', (_req, res) => res.send(emptyPage))
  for (const [path, route] of Object.entries(routes)) {
    app.all(path, (req, res) => {
      const answer = (status: number, headers = {}) => res.status(status).set(headers).end()
      return route(res.sse, { raw: req, body: req.body, answer })
    })
  }
  const server = await new Promise<Server>((resolve, reject) => {
    const listening = app.listen(port, '127.0.0.1', (error) => (error ? reject(error) : resolve(listening)))
  })
  return track(server, async (meanwhile) => {
    await events.close({ retry: CLOSE_RETRY })
    await meanwhile()
    await new Promise((resolve) => server.close(resolve))
  })
}

async function startFastify(
  routes: Record<string, Route>,
  { port = 0, allowOrigin }: StartOptions = {},
): Promise<TestServer> {
  let betweenStreamsAndServer: () => Promise<unknown> = async () => {}
  // By default Fastify answers 503 while it closes, and an EventSource then stops permanently.
  const app = fastify({ return503OnClosing: false })
  if (allowOrigin !== undefined) await app.register(fastifyCors, { origin: allowOrigin, credentials: true })
  await app.register(ssePlugin, { closeRetry: CLOSE_RETRY })
  app.addHook('preClose', async () => {
    await betweenStreamsAndServer()
  })
  app.get('/', (_request, reply) => reply.type('text/html').send(emptyPage))
  for (const [path, route] of Object.entries(routes)) {
    app.all(path, (request, reply) => {
      const answer = (status: number, headers = {}) => reply.code(status).headers(headers).send()
      return route(reply.sse.bind(reply), { raw: request.raw, body: request.body, answer })
    })
  }
  await app.listen({ port, host: '127.0.0.1' })
  return track(app.server, async (meanwhile) => {
    betweenStreamsAndServer = meanwhile
    await app.close()
  })
}

function track(server: Server, close: (meanwhile: () => Promise<unknown>) => Promise<void>): TestServer {
  const { port } = server.address() as AddressInfo
  const tracked: TestServer = {
    url: `http://127.0.0.1:${port}`,
    port,
    cut: () => server.closeAllConnections(),
    close: async (meanwhile = async () => {}) => {
      await close(meanwhile)
      running.delete(tracked)
    },
  }
  running.add(tracked)
  return tracked
}
