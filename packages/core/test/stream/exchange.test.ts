import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import { text } from 'node:stream/consumers'
import { connectionOf, endConnection, isHttp2 } from '../../src/stream/exchange.ts'
import { connect, serve } from './serve.ts'
import { serveHttp2 } from './serve-http2.ts'

test('isHttp2() distinguishes a response over HTTP/2 from one over HTTP/1', async () => {
  const seen: boolean[] = []
  const listener = (_req: unknown, res: ServerResponse | Http2ServerResponse) => {
    seen.push(isHttp2(res))
    res.end()
  }
  const client = await connect((await serve(listener)).origin)
  client.get('/')
  await client.receives('200 OK')
  const { session } = await serveHttp2(listener)
  await text(session.request())
  expect(seen).toEqual([false, true])
})

test('an HTTP/1 connection is ended once its response was sent', async () => {
  const { origin } = await serve((req, res) => {
    const connection = connectionOf(req)
    res.on('close', () => endConnection(connection))
    res.end('x'.repeat(1_000_000))
  })
  const client = await connect(origin)
  client.get('/')
  await client.ends()
  expect(client.bytesReceived).toBeGreaterThan(1_000_000)
})

test('an HTTP/2 session is ended once its other responses are finished too', async () => {
  const others: Http2ServerResponse[] = []
  const { session } = await serveHttp2((req, res) => {
    if (req.url === '/other') others.push(res)
    else {
      const connection = connectionOf(req)
      res.on('close', () => endConnection(connection))
      res.end()
    }
  })
  const other = text(session.request({ ':path': '/other' }))
  await text(session.request({ ':path': '/' }))
  await once(session, 'goaway')
  expect(session.destroyed).toBe(false)
  const ended = once(session, 'close')
  others[0]?.end('late')
  expect(await other).toBe('late')
  await ended
})
