import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { openEventStream } from '../../src/stream/open-event-stream.ts'
import { codeOf } from './close-code.ts'
import { connect, openOne, serve, serveStreams } from './serve.ts'

describe('the headers', () => {
  test('are sent at once, with a first comment', async () => {
    const { client } = await openOne()
    const [head, body] = client.text.split('\r\n\r\n')
    expect(head?.split('\r\n').sort()).toEqual([
      'Cache-Control: no-cache, no-transform',
      'Connection: keep-alive',
      'Content-Type: text/event-stream',
      expect.stringMatching(/^Date: /),
      'HTTP/1.1 200 OK',
      'Incremental: ?1',
      'Keep-Alive: timeout=5',
      'Transfer-Encoding: chunked',
      'X-Accel-Buffering: no',
      'X-Content-Type-Options: nosniff',
    ])
    expect(body).toBe('f\r\nretry: 3000\n:\n\n\r\n')
  })

  test('keep the headers that the app has set, except the status and the length', async () => {
    const { origin } = await serveStreams({ headers: { 'X-Extra': ['1', '2'] } }, (_req, res) => {
      res.statusCode = 201
      res.setHeader('Content-Length', 5)
      res.setHeader('Vary', 'Origin')
      res.setHeader('Set-Cookie', ['a=1', 'b=2'])
    })
    const client = await connect(origin)
    client.get('/')
    await client.receives(':\n\n')
    expect(client.text).toMatch(/^HTTP\/1\.1 200 /)
    expect(client.text).not.toMatch(/content-length/i)
    for (const line of ['Vary: Origin', 'Set-Cookie: a=1', 'Set-Cookie: b=2', 'X-Extra: 1', 'X-Extra: 2']) {
      expect(client.text).toContain(`\r\n${line}\r\n`)
    }
  })

  test('that cannot be written throw an error at the caller, and the stream is over', async () => {
    const cause = new Error('a broken hook')
    const thrown: unknown[] = []
    const { origin } = await serve((req, res) => {
      res.writeHead = () => {
        throw cause
      }
      try {
        openEventStream(req, res)
      } catch (error) {
        thrown.push(error)
        res.destroy()
      }
    })
    const client = await connect(origin)
    client.get('/')
    await client.ends()
    expect(thrown).toEqual([cause])
  })
})

describe('misuse', () => {
  test('a second stream on one response is refused, and the first continues', async () => {
    const { req, res, stream, client } = await openOne()
    expect(() => openEventStream(req, res)).toThrow(
      expect.objectContaining({ name: 'SseError', code: 'ERR_SSE_ALREADY_OPEN' }),
    )
    stream.send('still here')
    await client.receives('data: still here\n\n')
  })

  test('a stream on a response whose headers were sent is refused, and that response continues', async () => {
    const refusals: unknown[] = []
    const { origin } = await serve((req, res) => {
      res.flushHeaders()
      try {
        openEventStream(req, res)
      } catch (error) {
        refusals.push(error)
      }
      res.end('something else')
    })
    const client = await connect(origin)
    client.get('/')
    await client.receives('something else')
    expect(refusals).toMatchObject([{ name: 'SseError', code: 'ERR_SSE_HEADERS_SENT' }])
  })

  test('a bad option leaves the response as it was', async () => {
    const refusals: unknown[] = []
    const { origin } = await serve((req, res) => {
      try {
        openEventStream(req, res, { keepAlive: -1 })
      } catch (error) {
        refusals.push(error)
      }
      openEventStream(req, res).send('with good options')
    })
    const client = await connect(origin)
    client.get('/')
    await client.receives('with good options')
    expect(refusals).toMatchObject([{ code: 'ERR_SSE_INVALID_OPTION' }])
  })

  test('a write of other code after the end causes no uncaught error', async () => {
    const { stream, res, client } = await openOne()
    stream.close()
    const refused = jest.fn()
    res.write('late', refused)
    await client.receives('0\r\n\r\n')
    expect(refused).toHaveBeenCalledWith(expect.objectContaining({ code: 'ERR_STREAM_WRITE_AFTER_END' }))
    expect(codeOf(stream)).toBe('ERR_SSE_CLOSED')
  })

  // send() returned true, and the event was lost if other code ended the response in the same tick. It was written only
  // at the end of the tick, after the last chunk.
  test('the stream ends if other code ends the response, after what was sent in the same tick', async () => {
    const { stream, res, client } = await openOne()
    expect(await stream.send('first')).toBe(true)
    stream.send('last')
    res.end()
    expect(codeOf(stream)).toBe('ERR_SSE_WRITE_FAILED')
    expect(await stream.send('late')).toBe(false)
    await client.receives('0\r\n\r\n')
    expect(client.events.map(({ data }) => data)).toEqual(['first', 'last'])
  })
})

describe('the last event ID', () => {
  test('of the header is decoded', async () => {
    const { origin, streams, opened } = await serveStreams()
    const client = await connect(origin)
    client.get('/', { 'Last-Event-ID': Buffer.from('…é').toString('latin1') })
    await opened(1)
    expect(streams[0]?.lastEventId).toBe('…é')
  })

  test.each([
    ['as it was sent', (req: IncomingMessage) => req],
    [
      'before a router cut it',
      (req: IncomingMessage) => Object.assign(req, { originalUrl: req.url, url: '/' }),
    ],
  ])('of a query parameter is read from the URL %s', async (_, route) => {
    const { origin, streams, opened } = await serveStreams({ lastEventIdParameter: 'last' }, route)
    const client = await connect(origin)
    client.get('/news?last=7')
    await opened(1)
    expect(streams[0]?.lastEventId).toBe('7')
  })
})

describe('a HEAD request', () => {
  test('gets a closed stream', async () => {
    const { origin, server } = await serve((req, res) => {
      const stream = openEventStream(req, res)
      server.emit('opened', stream.closed, stream)
    })
    const opened = once(server, 'opened')
    const client = await connect(origin)
    client.write('HEAD / HTTP/1.1\r\nHost: x\r\n\r\n')
    const [closed, stream] = await opened
    expect(closed).toBe(true)
    expect(codeOf(stream)).toBe('ERR_SSE_CLOSED')
  })

  test('gets the headers without a body, and the connection can be used again', async () => {
    const { origin, streams, opened } = await serveStreams()
    const client = await connect(origin)
    client.write('HEAD / HTTP/1.1\r\nHost: x\r\n\r\n')
    await client.receives('Content-Type: text/event-stream')
    client.get('/')
    await opened(2)
    await client.receives(':\n\n')
    expect(streams.map(({ closed }) => closed)).toEqual([true, false])
    const [first, second, body] = client.text.split('\r\n\r\n')
    for (const head of [first, second]) expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(body).toMatch(/^f\r\nretry: 3000\n:\n\n/)
  })
})

test.each([[[]], [[{}]], [[{}, {}]]])('openEventStream(...%j) says what it takes', (args) => {
  expect(() => Reflect.apply(openEventStream, undefined, args)).toThrow(
    expect.objectContaining({
      code: 'ERR_SSE_INVALID_OPTION',
      message: expect.stringMatching(/^openEventStream\(req, res, options\?\) takes/),
    }),
  )
})
