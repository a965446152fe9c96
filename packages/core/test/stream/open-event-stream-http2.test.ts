import { once } from 'node:events'
import { constants, type Http2ServerResponse } from 'node:http2'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { eventually } from '@downstream/testing'
import type { EventStream } from '../../src/stream/event-stream.ts'
import { openEventStream } from '../../src/stream/open-event-stream.ts'
import { codeOf } from './close-code.ts'
import { serveHttp2 } from './serve-http2.ts'

/** Opens one stream, to a client that has received its beginning. */
async function openHttp2(before: (res: Http2ServerResponse) => void = () => {}) {
  const { server, session } = await serveHttp2((req, res) => {
    before(res)
    server.emit('opened', openEventStream(req, res))
  })
  const opened = once(server, 'opened')
  const request = session.request().setEncoding('utf8')
  request.on('error', () => {})
  let text = ''
  request.on('data', (chunk: string) => {
    text += chunk
  })
  const [headers] = await once(request, 'response')
  const [stream]: EventStream[] = await opened
  if (stream === undefined) throw new Error('no stream')
  return {
    session,
    request,
    headers,
    stream,
    receives: (part: string) => eventually(part, () => text.includes(part)),
  }
}

test('sends no connection headers, and causes no warning', async () => {
  const warnings: Error[] = []
  const onWarning = (warning: Error) => warnings.push(warning)
  process.on('warning', onWarning)
  const { headers, stream, receives } = await openHttp2((res) => {
    // As an app does that knows only HTTP/1: Node accepts them and throws when the headers are sent.
    res.setHeader('Keep-Alive', 'timeout=5')
    res.setHeader('Transfer-Encoding', 'chunked')
    res.setHeader('X-App', '1')
  })
  await receives(':\n\n')
  stream.send('one')
  await receives('data: one\n\n')
  await nextTurn()
  process.off('warning', onWarning)
  expect(warnings).toEqual([])
  expect(Object.keys(headers).sort()).toEqual([
    ':status',
    'cache-control',
    'content-type',
    'date',
    'incremental',
    'x-accel-buffering',
    'x-app',
    'x-content-type-options',
  ])
})

// The idle timeout of the session cut a quiet stream, because only HTTP/1 connections were exempt. It is off while a
// stream of the session is open, and on again after the last one.
test("the server's idle timeout does not end a session while one of its streams is open", async () => {
  const streams: EventStream[] = []
  const timeouts: unknown[] = []
  const { session, server } = await serveHttp2((req, res) => {
    streams.push(openEventStream(req, res))
    timeouts.push(req.stream.session)
  })
  server.setTimeout(60_000)
  const requests = [session.request(), session.request()]
  for (const request of requests) request.resume()
  await eventually('both streams', () => streams.length === 2)
  const [held] = timeouts as [{ timeout: number }]
  expect(held.timeout).toBe(0)
  streams[0]?.close()
  await once(requests[0] as NonNullable<(typeof requests)[0]>, 'close')
  expect(held.timeout).toBe(0)
  streams[1]?.close()
  await eventually('the timeout', () => held.timeout === 60_000)
})

test('a client that resets its stream has disconnected', async () => {
  const { request, stream } = await openHttp2()
  const aborted = once(stream.signal, 'abort')
  request.close(constants.NGHTTP2_CANCEL)
  await aborted
  expect(codeOf(stream)).toBe('ERR_SSE_CLIENT_CLOSED')
})

test('close() ends the stream and leaves the rest of the session alone', async () => {
  const { request, session, stream } = await openHttp2()
  const ended = once(request, 'end')
  stream.close()
  await ended
  expect(session.closed).toBe(false)
})

test('a client that has already disconnected gets a closed stream', async () => {
  const streams: EventStream[] = []
  const { session } = await serveHttp2(async (req, res) => {
    session.destroy()
    await once(res, 'close')
    streams.push(openEventStream(req, res))
  })
  session.request().on('error', () => {})
  await eventually('the stream', () => streams.length === 1)
  expect(streams.map(codeOf)).toEqual(['ERR_SSE_CLIENT_CLOSED'])
})
