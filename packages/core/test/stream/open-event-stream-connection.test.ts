import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { eventually } from '@downstream/testing'
import { codeOf } from './close-code.ts'
import { connect, openOne, serveStreams } from './serve.ts'

const consume = async (req: IncomingMessage) => {
  for await (const _chunk of req);
}

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
    expect(body).toBe('retry: 3000\n:\n\ndata: one\n\n')
  })

  test('serves the next request after the stream', async () => {
    const { client, stream } = await openOne()
    stream.close()
    await client.receives('0\r\n\r\n')
    client.get('/')
    await eventually('the second stream', () => client.text.split(':\n\n').length === 3)
  })

  test('is ended after the stream if the client asked for that', async () => {
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

  test("is free of the server's idle timeout while the stream is open", async () => {
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

  // Node sets the idle timeout again only if there is a keepAliveTimeout. Without one, the next request of the
  // connection had no timeout.
  test.each([
    ["the server's idle timeout again where keepAliveTimeout is 0", 0, true],
    ['the keepAliveTimeout where there is one, not the longer idle timeout', 5_000, false],
  ])('has after the stream %s', async (_, keepAliveTimeout, isIdleTimeout) => {
    const { origin, server, streams, opened } = await serveStreams()
    server.timeout = 60_000
    server.keepAliveTimeout = keepAliveTimeout
    const connected = once(server, 'connection')
    const client = await connect(origin)
    const [socket] = await connected
    client.get('/')
    await opened(1)
    expect(socket.timeout).toBe(0)
    streams[0]?.close()
    await eventually('the timeout', () => socket.timeout > 0)
    expect(socket.timeout === 60_000).toBe(isIdleTimeout)
  })

  // We sent keep-alive ourselves on the last response that the server allows, and the browser reconnected on it to a
  // 503. Without a header of ours Node sends the right one.
  test('of the last request that the server allows says close and ends with the stream', async () => {
    const { origin, server, streams, opened } = await serveStreams()
    server.maxRequestsPerSocket = 2
    // Node closes the connection after this time.
    server.keepAliveTimeout = 1_000
    const client = await connect(origin)
    client.get('/')
    await opened(1)
    streams[0]?.close()
    await client.receives('0\r\n\r\n')
    expect(client.text).toMatch(/^connection: keep-alive\r$/im)
    expect(client.text).toMatch(/^keep-alive: timeout=1/im)
    client.get('/')
    await opened(2)
    streams[1]?.close()
    await client.ends()
    expect(client.text.split('HTTP/1.1 200').at(-1)).toMatch(/^connection: close\r$/im)
  })

  test.each([
    ['after 2 s by default', {}, [[true, 2_000]]],
    ['whatever keepAlive is', { keepAlive: 5_000 }, [[true, 2_000]]],
    ['when the option says so', { tcpKeepAlive: 30_000 }, [[true, 30_000]]],
    ['never with false', { tcpKeepAlive: false }, []],
  ] as const)('is probed by TCP, as comments into a dead one go unnoticed: %s', async (_, options, calls) => {
    const setKeepAlive = jest.fn()
    const { origin, opened } = await serveStreams(options, ({ socket }) => {
      socket.setKeepAlive = setKeepAlive
    })
    const client = await connect(origin)
    client.get('/')
    await opened(1)
    expect(setKeepAlive.mock.calls).toEqual(calls)
  })

  test('that carries pipelined requests serves them one after another', async () => {
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

  test('that carried pipelined requests ends all their streams when it closes', async () => {
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
  test.each(['close', 'reset', 'halfClose'] as const)(
    'that disconnects by %s ends the stream',
    async (leave) => {
      const { client, stream } = await openOne()
      const aborted = once(stream.signal, 'abort')
      client[leave]()
      await aborted
      expect(codeOf(stream)).toBe('ERR_SSE_CLIENT_CLOSED')
      expect(await stream.send('late')).toBe(false)
    },
  )

  test('that sent a body, which was parsed, receives the stream', async () => {
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
  ])('that disconnected before the stream was opened gets a closed one: %s', async (_, request) => {
    let leave = () => {}
    let response: ServerResponse | undefined
    const { origin, streams, opened } = await serveStreams({}, async (req, res) => {
      response = res
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
    expect(response?.headersSent).toBe(false)
    const source = jest.fn()
    await streams[0]?.sendAll(source)
    expect(source).not.toHaveBeenCalled()
  })
})
