import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { constants, type ServerHttp2Session } from 'node:http2'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { eventually } from '@downstream/testing'
import type { SseError } from '../../src/errors.ts'
import type { EventStream } from '../../src/stream/event-stream.ts'
import type { EventStreamOptions } from '../../src/stream/event-stream-options.ts'
import { openEventStream } from '../../src/stream/open-event-stream.ts'
import { connect, openOne, serve } from './serve.ts'
import { serveHttp2 } from './serve-http2.ts'

const codeOf = ({ signal }: EventStream) => (signal.reason as SseError | undefined)?.code

/** A server that opens a stream on each request, after `before` has had the response. */
async function serveStreams(
  options: EventStreamOptions = {},
  before: (req: IncomingMessage, res: ServerResponse) => unknown = () => {},
) {
  const streams: EventStream[] = []
  const { origin, server } = await serve(async (req, res) => {
    await before(req, res)
    streams.push(openEventStream(req, res, options))
  })
  return {
    origin,
    server,
    streams,
    opened: (count: number) => eventually('streams', () => streams.length === count),
  }
}

const consume = async (req: IncomingMessage) => {
  for await (const _chunk of req);
}

describe('the head', () => {
  test('leaves at once, with a first comment', async () => {
    const { client } = await openOne()
    const [head, body] = client.text.split('\r\n\r\n')
    expect(head?.split('\r\n').sort()).toEqual([
      'Cache-Control: no-cache, no-transform',
      'Connection: keep-alive',
      'Content-Type: text/event-stream',
      expect.stringMatching(/^Date: /),
      'HTTP/1.1 200 OK',
      'Transfer-Encoding: chunked',
      'X-Accel-Buffering: no',
      'X-Content-Type-Options: nosniff',
    ])
    expect(body).toBe('3\r\n:\n\n\r\n')
  })

  test('keeps what the app has set, but for the status and the length', async () => {
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

  test('that cannot be written is an error for the caller, and the stream is over', async () => {
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
  test('a second stream on one response is refused, and the first goes on', async () => {
    const { req, res, stream, client } = await openOne()
    expect(() => openEventStream(req, res)).toThrow(
      expect.objectContaining({ name: 'SseError', code: 'ERR_SSE_ALREADY_OPEN' }),
    )
    stream.send('still here')
    await client.receives('data: still here\n\n')
  })

  test('a stream on a response whose head has left is refused, and that response goes on', async () => {
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

  test('other code that writes after the end is no uncaught error', async () => {
    const { stream, res, client } = await openOne()
    const failed = once(res, 'error')
    stream.close()
    res.write('late')
    expect(await failed).toMatchObject([{ code: 'ERR_STREAM_WRITE_AFTER_END' }])
    await client.receives('0\r\n\r\n')
    expect(codeOf(stream)).toBe('ERR_SSE_CLOSED')
  })

  test.each([
    ['and something is sent then', true],
    ['and nothing is sent any more', false],
  ])('other code that ends the response ends the stream, %s', async (_, sends) => {
    const { stream, res, client } = await openOne()
    res.end()
    if (sends) expect(await stream.send('late')).toBe(true)
    await client.receives('0\r\n\r\n')
    await eventually('the end', () => stream.closed)
    expect(codeOf(stream)).toBe('ERR_SSE_WRITE_FAILED')
    expect(client.text).not.toContain('late')
    expect(await stream.send('later')).toBe(false)
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
  test('gets the head at once and a closed stream, and the connection goes on', async () => {
    const { origin, streams, opened } = await serveStreams()
    const client = await connect(origin)
    client.write('HEAD / HTTP/1.1\r\nHost: x\r\n\r\n')
    await client.receives('Content-Type: text/event-stream')
    client.get('/')
    await opened(2)
    await client.receives(':\n\n')
    expect(streams.map(({ closed }) => closed)).toEqual([true, false])
    const [, head, , body] = client.text.split(/(?:HTTP\/1\.1 200 OK\r\n|\r\n\r\n)/)
    expect(head).toContain('Content-Type: text/event-stream')
    expect(client.text.split('\r\n\r\n')).toHaveLength(3)
    expect(body).toBeDefined()
  })
})

describe('the connection', () => {
  test('of HTTP/1.0 gets no chunks and no keep-alive, and ends with the stream', async () => {
    const { origin, streams, opened } = await serveStreams()
    const client = await connect(origin)
    client.get('/', { Connection: 'keep-alive' }, '1.0')
    await opened(1)
    await streams[0]?.send('one')
    streams[0]?.close()
    await client.ends()
    const [head, body] = client.text.split('\r\n\r\n')
    expect(head).toContain('Connection: close')
    expect(head).not.toMatch(/transfer-encoding/i)
    expect(body).toBe(':\n\ndata: one\n\n')
  })

  test('serves the next request after the stream', async () => {
    const { client, stream } = await openOne()
    stream.close()
    await client.receives('0\r\n\r\n')
    client.get('/')
    await eventually('the second stream', () => client.text.split(':\n\n').length === 3)
  })

  test('is ended after the stream when the client asked for that', async () => {
    const { origin, streams, opened } = await serveStreams()
    const client = await connect(origin)
    client.get('/', { Connection: 'close' })
    await opened(1)
    streams[0]?.send('one')
    streams[0]?.close()
    await client.ends()
    expect(client.events).toMatchObject([{ data: 'one' }])
    expect(client.text).toMatch(/0\r\n\r\n$/)
  })

  test('is free of the server’s idle timeout while the stream is open', async () => {
    const timeouts: (number | undefined)[] = []
    const { origin, server, streams, opened } = await serveStreams({}, ({ socket }) =>
      timeouts.push(socket.timeout),
    )
    server.timeout = 60_000
    const connected = once(server, 'connection')
    const client = await connect(origin)
    const [socket] = await connected
    client.get('/')
    await opened(1)
    expect(socket.timeout).toBe(0)
    streams[0]?.close()
    await client.receives('0\r\n\r\n')
    client.get('/')
    await opened(2)
    expect(timeouts).toEqual([60_000, 60_000])
  })

  test.each([
    ['ten seconds before the first comment', 15_000, 15_000 * (7 / 8) - 11_000],
    ['after a minute where there are no comments', false, 60_000],
    ['not at all where comments come too often for that', 5_000, undefined],
  ] as const)(
    'is probed by TCP, as comments into a dead one go unnoticed: %s',
    async (_, keepAlive, delay) => {
      const setKeepAlive = jest.fn()
      const { origin, opened } = await serveStreams({ keepAlive }, ({ socket }) => {
        socket.setKeepAlive = setKeepAlive
      })
      const client = await connect(origin)
      client.get('/')
      await opened(1)
      expect(setKeepAlive.mock.calls).toEqual(delay === undefined ? [] : [[true, delay]])
    },
  )

  test('that carries pipelined requests serves them one after the other', async () => {
    const { origin, streams, opened } = await serveStreams()
    const client = await connect(origin)
    client.write('GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n')
    await opened(2)
    streams[1]?.send('second')
    streams[0]?.send('first')
    await client.receives('first')
    expect(client.text).not.toContain('second')
    streams[0]?.close()
    await client.receives('second')
  })

  test('that carried pipelined requests takes all their streams with it', async () => {
    const { origin, streams, opened } = await serveStreams()
    const client = await connect(origin)
    client.write('GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n')
    await opened(2)
    client.close()
    await eventually('both ends', () => streams.every(({ closed }) => closed))
    expect(streams.map(codeOf)).toEqual(['ERR_SSE_CLIENT_CLOSED', 'ERR_SSE_CLIENT_CLOSED'])
  })
})

describe('a client', () => {
  test.each(['close', 'reset', 'halfClose'] as const)('that leaves by %s ends the stream', async (leave) => {
    const { client, stream } = await openOne()
    const aborted = once(stream.signal, 'abort')
    client[leave]()
    await aborted
    expect(codeOf(stream)).toBe('ERR_SSE_CLIENT_CLOSED')
    expect(await stream.send('late')).toBe(false)
  })

  test('that sent a body, which was parsed, gets the stream', async () => {
    const { origin, streams, opened } = await serveStreams({}, consume)
    const client = await connect(origin)
    client.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}')
    await opened(1)
    await nextTurn()
    expect(streams[0]?.closed).toBe(false)
    streams[0]?.send('one')
    await client.receives('data: one\n\n')
  })

  test.each([
    ['a GET', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a POST whose body was parsed', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}'],
  ])('that left before the stream was opened gets a closed one: %s', async (_, request) => {
    let leave = () => {}
    const { origin, streams, opened } = await serveStreams({}, async (req) => {
      await consume(req)
      leave()
      await new Promise((resolve) => req.socket.on('close', resolve))
      await nextTurn()
    })
    const client = await connect(origin)
    leave = () => client.close()
    client.write(request)
    await opened(1)
    expect(streams[0]?.closed).toBe(true)
    expect(streams.map(codeOf)).toEqual(['ERR_SSE_CLIENT_CLOSED'])
    expect(await streams[0]?.send('late')).toBe(false)
    const source = jest.fn()
    await streams[0]?.sendAll(source)
    expect(source).not.toHaveBeenCalled()
  })
})

describe('over HTTP/2', () => {
  /** Opens one stream, to a client that has seen its beginning. */
  async function openHttp2(before: (res: import('node:http2').Http2ServerResponse) => void = () => {}) {
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

  test('the head has no header of a connection, and nothing is warned of', async () => {
    const warnings: Error[] = []
    const onWarning = (warning: Error) => warnings.push(warning)
    process.on('warning', onWarning)
    const { headers, stream, receives } = await openHttp2((res) => {
      // As an app does that knows only HTTP/1; Node takes them and throws when the head goes out.
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
      'x-accel-buffering',
      'x-app',
      'x-content-type-options',
    ])
  })

  test('a client that resets its stream has left', async () => {
    const { request, stream } = await openHttp2()
    const aborted = once(stream.signal, 'abort')
    request.close(constants.NGHTTP2_CANCEL)
    await aborted
    expect(codeOf(stream)).toBe('ERR_SSE_CLIENT_CLOSED')
  })

  test('close() ends the stream and nothing else of the session', async () => {
    const { request, session, stream } = await openHttp2()
    const ended = once(request, 'end')
    stream.close()
    await ended
    expect(session.closed).toBe(false)
  })

  test('a client that left before gets a closed stream', async () => {
    const streams: EventStream[] = []
    const { server, session } = await serveHttp2(async (req, res) => {
      session.destroy()
      await once(res, 'close')
      streams.push(openEventStream(req, res))
    })
    const connected: Promise<ServerHttp2Session[]> = once(server, 'session')
    session.request().on('error', () => {})
    await connected
    await eventually('the stream', () => streams.length === 1)
    expect(streams.map(codeOf)).toEqual(['ERR_SSE_CLIENT_CLOSED'])
  })
})
