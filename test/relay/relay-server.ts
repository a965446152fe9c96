/**
 * A process with an Express app and a Fastify app that relay the responses of real packages. Sends the ports of both.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Source, type SseMethod, sse } from '@downstream/express'
import { sse as fastifySse } from '@downstream/fastify'
import express from 'express'
import Fastify from 'fastify'
import { responses } from './responses.ts'

/** The bytes of a response, in two chunks. */
function cut(bytes: Uint8Array, at: number): Response {
  const chunks = [bytes.subarray(0, at), bytes.subarray(at)]
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = chunks.shift()
      if (chunk === undefined) controller.close()
      else controller.enqueue(chunk)
    },
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}

/** Relays one response once for every position where it can be cut; calls `next` after each. */
async function* cuts(bytes: Uint8Array): AsyncGenerator<Response> {
  for (let at = 1; at < bytes.length; at++) yield cut(bytes, at)
}

const kept = new Map<string, Promise<Uint8Array>>()

/** The same bytes for every request. */
function bytesOf(name: string): Promise<Uint8Array> {
  const made = (async () => {
    const response = await responses[name]?.(new AbortController().signal)
    return new Uint8Array(await (response as Response).arrayBuffer())
  })()
  const bytes = kept.get(name) ?? made
  kept.set(name, bytes)
  return bytes
}

/** Reports when the silent upstream gets a request, and when the request is cancelled. */
const quiet = createServer((req, res) => {
  if (req.url === '/head') res.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
  process.send?.({ asked: req.url })
  res.on('close', () => process.send?.({ left: req.url }))
})
quiet.listen(0, '127.0.0.1')
await once(quiet, 'listening')
const quietUrl = `http://127.0.0.1:${(quiet.address() as AddressInfo).port}`

/** The common part of both apps; `fail` answers in the way of the framework. */
async function serve(
  path: string,
  name: string,
  method: SseMethod,
  fail: (status: number, text: string) => unknown,
): Promise<unknown> {
  if (path === 'whole') {
    const source: Source = ({ signal }) => responses[name]?.(signal) as Promise<Response>
    return method(source)
  }
  if (path === 'cuts') {
    const bytes = await bytesOf(name)
    const stream = method()
    for await (const response of cuts(bytes)) {
      await stream.sendAll(response)
      await stream.send({ event: 'next', data: '' })
    }
    return stream.close()
  }
  if (path === 'quiet') return method(({ signal }) => fetch(`${quietUrl}/${name}`, { signal }))
  const bad: Record<string, () => Response> = {
    status: () => new Response('no', { status: 500, headers: { 'content-type': 'text/event-stream' } }),
    type: () => Response.json({ error: 'no' }),
  }
  try {
    return await method(bad[name]?.() as Response)
  } catch (error) {
    return fail(502, (error as { code: string }).code)
  }
}

const expressApp = express()
expressApp.use(sse())
expressApp.get('/raw/:name', async (req, res) =>
  res.type('text/event-stream').send(Buffer.from(await bytesOf(req.params.name))),
)
expressApp.get('/:path/:name', (req, res) =>
  serve(req.params.path, req.params.name, res.sse, (status, text) => res.status(status).send(text)),
)
const expressServer = createServer(expressApp).listen(0, '127.0.0.1')
await once(expressServer, 'listening')

const fastifyApp = Fastify()
await fastifyApp.register(fastifySse)
fastifyApp.get<{ Params: { path: string; name: string } }>('/:path/:name', ({ params }, reply) =>
  serve(params.path, params.name, reply.sse, (status, text) => reply.code(status).send(text)),
)
await fastifyApp.listen({ port: 0, host: '127.0.0.1' })

process.send?.({
  express: (expressServer.address() as AddressInfo).port,
  fastify: (fastifyApp.server.address() as AddressInfo).port,
  names: Object.keys(responses),
})
