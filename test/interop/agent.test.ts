// dd-trace wraps the methods of ServerResponse.prototype with shimmer, before the app is loaded. This stand-in does the
// same, and counts what it sees of each response: all of a stream, however it is written.
import { createServer, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createHub, sse } from '@downstream/express'
import plugin from '@downstream/fastify'
import { eventually, RawClient } from '@downstream/testing'
import express from 'express'
import fastify from 'fastify'

type Method = (this: ServerResponse, ...args: unknown[]) => unknown

/** What the agent has seen of a response. */
interface Seen {
  statusCode: unknown
  contentType: unknown
  body: string
  ends: number
  /** 'finish' and 'close', the first of which ends the span. */
  events: string[]
}

const seen = new Map<string, Seen>()
const undo: (() => void)[] = []

function seenOf({ req }: ServerResponse): Seen {
  const url = String(req.url)
  const known = seen.get(url) ?? {
    statusCode: undefined,
    contentType: undefined,
    body: '',
    ends: 0,
    events: [],
  }
  seen.set(url, known)
  return known
}

function wrap(name: string, before: (res: ServerResponse, args: unknown[]) => void): void {
  const original = Reflect.get(ServerResponse.prototype, name) as Method
  const descriptor = Object.getOwnPropertyDescriptor(ServerResponse.prototype, name)
  const wrapped: Method = function (...args) {
    before(this, args)
    return Reflect.apply(original, this, args)
  }
  Object.setPrototypeOf(wrapped, original)
  Object.defineProperty(ServerResponse.prototype, name, {
    configurable: true,
    writable: true,
    value: wrapped,
  })
  undo.push(() => {
    if (descriptor === undefined) Reflect.deleteProperty(ServerResponse.prototype, name)
    else Object.defineProperty(ServerResponse.prototype, name, descriptor)
  })
}

beforeAll(() => {
  const note = (res: ServerResponse, [chunk]: unknown[]) => {
    if (typeof chunk === 'string' || Buffer.isBuffer(chunk)) seenOf(res).body += String(chunk)
  }
  wrap('writeHead', (res, [status, reason, headers = reason]) => {
    const all: Record<string, unknown> = { ...res.getHeaders(), ...(headers as object) }
    seenOf(res).statusCode = status
    seenOf(res).contentType = all['Content-Type'] ?? all['content-type']
  })
  wrap('write', note)
  wrap('end', (res, args) => {
    note(res, args)
    seenOf(res).ends++
  })
  wrap('emit', (res, [name]) => {
    if (name === 'finish' || name === 'close') seenOf(res).events.push(String(name))
  })
})
afterAll(() => {
  for (const one of undo.reverse()) one()
})

const hub = createHub()
const frameworks = {
  express: async () => {
    const app = express().use(sse())
    app.get('/*path', (_req, res) => hub.subscribe(res.sse(), 'news'))
    const server = createServer(app).listen(0, '127.0.0.1')
    await eventually('the server', () => server.listening)
    return {
      port: (server.address() as AddressInfo).port,
      close: () => {
        server.closeAllConnections()
        server.close()
      },
    }
  },
  fastify: async () => {
    const app = fastify()
    await app.register(plugin)
    app.get('/*', (_request, reply) => void hub.subscribe(reply.sse(), 'news'))
    await app.listen({ port: 0, host: '127.0.0.1' })
    return { port: (app.server.address() as AddressInfo).port, close: () => app.close() }
  },
}

test.each(['express', 'fastify'] as const)(
  'on %s an agent sees each byte of a broadcast, and one end',
  async (name) => {
    const { port, close } = await frameworks[name]()
    const paths = ['ada', 'bob'].map((who) => `/${name}/${who}`)
    const clients = await Promise.all(paths.map(() => RawClient.connect(`http://127.0.0.1:${port}`)))
    try {
      for (const [n, client] of clients.entries()) client.get(String(paths[n]))
      for (const client of clients) await client.receives('event: bookmark')
      for (let n = 0; n < 3; n++) await hub.publish('news', { data: `number ${n}` })
      for (const client of clients) await client.receives('data: number 2\n\n')
      for (const client of clients) client.reset()
      await eventually('the ends', () => paths.every((path) => seen.get(path)?.events.includes('close')))
    } finally {
      await close()
    }
    for (const [n, path] of paths.entries()) {
      const { body, ...rest } = seen.get(path) as Seen
      expect(rest).toEqual({
        statusCode: 200,
        contentType: 'text/event-stream',
        ends: 1,
        events: expect.arrayContaining(['close']),
      })
      const [, received] = String(clients[n]?.text).split(/\r\n\r\n(.*)/s)
      expect(body).toBe(String(received).replace(/(?:^|\r\n)[0-9a-f]+\r\n|\r\n$/g, ''))
    }
  },
)
