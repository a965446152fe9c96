import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { EventStream, ServerSentEvent, SseMethod } from '@downstream/core'
import { frameworkSuite, type StartFramework } from '@downstream/testing'
import { SuiteTools } from '../src/framework-suite/suite-case.ts'

/** The code of many apps: it handles neither the grammar nor a disconnect. */
const startNaive: StartFramework = async (handler) => {
  const server = createServer((request, response) => {
    const stream = {
      lastEventId: '',
      send(event: ServerSentEvent | string) {
        const { event: name, id, data } = typeof event === 'string' ? { data: event } : event
        response.write(`${name ? `event: ${name}\n` : ''}${id ? `id: ${id}\n` : ''}data: ${data}\n\n`)
        return Promise.resolve(true)
      },
      close: () => response.end(),
    } as unknown as EventStream
    const sse = (source?: Iterable<ServerSentEvent | string>) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(':\n\n')
      if (source === undefined || !(Symbol.iterator in source)) return stream
      for (const event of source) stream.send(event)
      stream.close()
      return Promise.resolve()
    }
    handler({
      sse: sse as SseMethod,
      request,
      response,
      setHeader: (name, value) => response.setHeader(name, value),
      setStatus: (code) => {
        response.statusCode = code
      },
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    protocol: 'http/1.1',
    errors: [],
    stats: () => ({ open: 0, opened: 0, closed: {}, refused: {}, events: 0, bytes: 0 }) as never,
    close: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

const cases = new Map<string, () => Promise<void>>()
frameworkSuite({
  test: (name, run) => cases.set(name, run),
  protocol: 'http/1.1',
  start: startNaive,
})

test('the suite has a case for each promise', () => {
  expect(cases.size).toBeGreaterThan(80)
})

test.each([
  ['passes', 'carries a string'],
  ['passes', 'carries leading blanks'],
  ['fails', 'carries lines ended by LF, CR and CRLF, the last one empty'],
  ['fails', 'carries text that looks like fields'],
  ['fails', 'carries the id 0'],
  ['fails', 'carries an object as JSON'],
  ['fails', 'answers 200 with exactly text/event-stream, uncached, untransformed and unsniffed'],
  ['fails', 'replaces a Cache-Control that would let a cache share the stream'],
  ['passes', 'sends Connection: keep-alive on HTTP/1.1'],
  [
    'fails',
    'refuses events that cannot be sent as given, with a code; no byte of them is sent and the stream stays usable',
  ],
  ['fails', 'sends the retry option first'],
  ['passes', 'answers 200 whatever status was set before, because a browser gives up at any other'],
])('a naive stream %s: %s', async (verdict, name) => {
  const run = cases.get(name)
  if (run === undefined) throw new Error(`no such case: ${name}`)
  const outcome = await run().then(
    () => 'passes',
    () => 'fails',
  )
  expect(outcome).toBe(verdict)
})

test('after a case, every app that it started is closed', async () => {
  const open = new Set<string>()
  const tools = new SuiteTools(async (...args) => {
    const host = await startNaive(...args)
    open.add(host.origin)
    const close = async () => {
      open.delete(host.origin)
      await host.close()
    }
    return { ...host, close }
  })
  await tools.serve(() => {})
  await tools.serve(() => {})
  expect(open.size).toBe(2)
  await tools.close()
  expect(open.size).toBe(0)
})
