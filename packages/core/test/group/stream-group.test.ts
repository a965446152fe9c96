import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { eventually, type RawClient } from '@downstream/testing'
import type { SseMethodHost } from '../../src/group/sse-method.ts'
import { type GroupOptions, StreamGroup } from '../../src/group/stream-group.ts'
import { clock } from '../../src/process/clock.ts'
import type { EventStream } from '../../src/stream/event-stream.ts'
import { codeOf } from '../stream/close-code.ts'
import { connect, serve } from '../stream/serve.ts'
import { serveHttp2 } from '../stream/serve-http2.ts'

const host = { onSourceError: () => {} }

/** A server whose streams belong to a group; /plain is an ordinary response, which `answer` ends. */
async function serveGroup(defaults: GroupOptions = {}) {
  const group = new StreamGroup(defaults)
  const streams: EventStream[] = []
  let answer = () => {}
  const { server, origin } = await serve((req, res) => {
    if (req.url === '/plain') answer = () => res.end('plain answer')
    else streams.push(group.sse(req, res, host)())
  })
  /** Opens streams, each over a separate connection that the client would keep. */
  const open = async (count: number): Promise<RawClient[]> => {
    const clients = await Promise.all(Array.from({ length: count }, () => connect(origin)))
    for (const client of clients) client.get('/')
    await Promise.all(clients.map((client) => client.receives(':\n\n')))
    return clients
  }
  return { group, server, origin, streams, open, answer: () => answer() }
}

/** The reconnection time that a client keeps: the last one that it was sent. */
const retryOf = (client: RawClient) => Number(client.text.match(/(?<=^retry: )\d+$/gm)?.at(-1))

describe('opening', () => {
  test('uses the defaults of the group, overridden by the options of a stream', async () => {
    const group = new StreamGroup({ retry: 1, serialize: () => 'of the group' })
    const { origin } = await serve((req, res) => {
      group.sse(req, res, host)({ retry: 2 }).send({ data: {} })
    })
    const client = await connect(origin)
    client.get('/')
    await client.receives('retry: 2\n:\n\n')
    await client.receives('data: of the group\n\n')
  })

  test('refuses bad defaults when the group is made', () => {
    expect(() => new StreamGroup({ keepAlive: 0 })).toThrow(
      expect.objectContaining({ code: 'ERR_SSE_INVALID_OPTION' }),
    )
  })

  test('counts the streams until their responses have finished', async () => {
    const { group, streams, open } = await serveGroup()
    const [client] = await open(2)
    expect(group.size).toBe(2)
    const before = group.stats()
    client?.reset()
    await eventually('the disconnect', () => group.size === 1)
    // An app that compares two readings must not see the first one change.
    expect([before, group.stats()].map(({ closed }) => closed.ERR_SSE_CLIENT_CLOSED)).toEqual([0, 1])
    streams.find(({ closed }) => !closed)?.close()
    await eventually('the end', () => group.size === 0)
  })

  test.each([
    ['past the response', false],
    ['through a write() that other code has wrapped', true],
  ])('counts the bytes of compressed text that are on the wire: %s', async (_, isWrapped) => {
    const group = new StreamGroup({ compression: 'own' })
    let stream: EventStream | undefined
    const { origin } = await serve((req, res) => {
      const { write } = res
      if (isWrapped)
        res.write = ((...args: Parameters<typeof write>) => write.apply(res, args)) as typeof write
      stream = group.sse(req, res, host)()
    })
    const client = await connect(origin)
    client.get('/', { 'Accept-Encoding': 'gzip' })
    await client.receives('\r\n\r\n')
    const head = client.text.indexOf('\r\n\r\n') + 4
    for (const length of [10, 300, 70_000]) {
      // Compressed, it has bytes of all values, which are two each as UTF-8.
      await stream?.send(Array.from({ length }, (_, n) => String.fromCharCode(97 + ((n * n) % 25))).join(''))
      const { bytes } = group.stats()
      await eventually('the bytes', () => client.bytesReceived - head >= bytes)
      expect(client.bytesReceived - head).toBe(bytes)
    }
    expect(group.stats().events).toBe(3)
  })

  // Until its response was through, a HEAD request took the only slot of its key.
  test('counts no HEAD request for its key, not even while it is answered', async () => {
    const { origin, group } = await serveGroup({ limits: { perKey: 1, key: () => 'a' }, refuse: 503 })
    const client = await connect(origin)
    client.write('HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.receives(':\n\n')
    expect(client.text.match(/^HTTP\/1\.1 \d+/gm)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200'])
    expect(group.stats()).toMatchObject({ opened: 1, refused: { perKey: 0 } })
  })

  test('can leave the headers to the framework: what is sent waits for them', async () => {
    const group = new StreamGroup()
    const { origin } = await serve(async (req, res) => {
      let letOut = () => {}
      const begin: SseMethodHost['begin'] = (prepared) => {
        letOut = () => prepared.begin()
      }
      group
        .sse(req, res, { ...host, begin })()
        .send('early')
      await nextTurn()
      res.setHeader('X-Late', '1')
      letOut()
    })
    const client = await connect(origin)
    client.get('/')
    await client.receives(':\n\ndata: early\n\n')
    expect(client.text).toContain('X-Late: 1')
  })
})

describe('closing', () => {
  test('without streams resolves at once', async () => {
    await expect(new StreamGroup().close()).resolves.toBeUndefined()
  })

  test('as the listener of a signal refuses nothing, because the process must end', async () => {
    await expect(new StreamGroup().close('SIGTERM' as never)).resolves.toBeUndefined()
  })

  test('makes every client reconnect after about its own retry, not all at once, and ends its connection', async () => {
    const { group, streams, open } = await serveGroup({ retry: 2_000 })
    const clients = await open(20)
    for (const stream of streams) stream.send('last')
    await group.close()
    expect(group.size).toBe(0)
    expect(streams.map(codeOf)).toEqual(streams.map(() => 'ERR_SSE_SHUTDOWN'))
    await Promise.all(clients.map((client) => client.ends()))
    for (const client of clients)
      expect(client.text).toMatch(/data: last\n\n:\nretry: \d{4}\n\n\r\n0\r\n\r\n$/)
    const retries = clients.map(({ text }) => Number(/(\d+)\n\n\r\n0\r\n\r\n$/.exec(text)?.[1]))
    expect(Math.min(...retries)).toBeGreaterThanOrEqual(1_000)
    expect(Math.max(...retries)).toBeLessThanOrEqual(3_000)
    expect(new Set(retries).size).toBeGreaterThan(1)
  })

  test('with a drain spreads the ends over it, and no client waits longer', async () => {
    const { group, streams, open } = await serveGroup()
    const clients = await open(12)
    const started = performance.now()
    const ends: number[] = []
    for (const { signal } of streams)
      signal.addEventListener('abort', () => ends.push(performance.now() - started))
    await group.close({ drain: 300 })
    expect(ends).toHaveLength(12)
    expect(ends.filter((end) => end < 100).length).toBeLessThan(12)
    expect(new Set(ends.map((end) => Math.floor(end / 40))).size).toBeGreaterThan(3)
    await Promise.all(clients.map((client) => client.ends()))
    for (const client of clients) {
      expect(retryOf(client)).toBeGreaterThanOrEqual(1_500)
      expect(retryOf(client)).toBeLessThanOrEqual(4_500)
    }
  })

  test('with a drain does not take longer on a machine where each step does', async () => {
    const { group, open } = await serveGroup()
    await open(3)
    const { now } = clock
    jest.spyOn(clock, 'now').mockImplementation(() => now() * 20)
    const wait = jest.spyOn(clock, 'setTimeout')
    await group.close({ drain: 2_000 })
    // One more pause is for the responses to finish.
    expect(wait.mock.calls.length).toBeLessThan(10)
    jest.restoreAllMocks()
  })

  test('sends the given retry, a number or a value in a range', async () => {
    const exact = await serveGroup()
    const ranged = await serveGroup()
    const [one] = await exact.open(1)
    const several = await ranged.open(8)
    await exact.group.close({ retry: 12_345 })
    await ranged.group.close({ retry: [10_000, 15_000] })
    await Promise.all([one, ...several].map((client) => client?.ends()))
    expect(retryOf(one as RawClient)).toBe(12_345)
    const retries = several.map(retryOf)
    expect(Math.min(...retries)).toBeGreaterThanOrEqual(10_000)
    expect(Math.max(...retries)).toBeLessThanOrEqual(15_000)
    expect(new Set(retries).size).toBeGreaterThan(1)
  })

  test('does not send a retry larger than clients accept', async () => {
    const { group, open } = await serveGroup({ retry: 2_147_483_647 })
    const clients = await open(8)
    await group.close()
    await Promise.all(clients.map((client) => client.ends()))
    for (const client of clients) expect(retryOf(client)).toBeLessThanOrEqual(2_147_483_647)
  })

  test.each([[-1], [1.5], ['100'], [[5, 1]], [[1]], [[1, 2, 3]], [null]])(
    'refuses a bad retry, and ends nothing: %j',
    async (retry) => {
      const { group, streams, open } = await serveGroup()
      await open(1)
      expect(() => group.close({ retry: retry as never })).toThrow(
        'Option retry must be an integer from 0 to',
      )
      expect(streams[0]?.closed).toBe(false)
    },
  )

  test('called twice returns the same promise', async () => {
    const { group, streams, open } = await serveGroup()
    await open(1)
    const first = group.close()
    expect(group.close({ drain: 1_000 })).toBe(first)
    await first
    await group.close()
    expect(streams.map(codeOf)).toEqual(['ERR_SSE_SHUTDOWN'])
  })

  test.each([[-1], [Number.NaN], ['100'], [null], [Number.POSITIVE_INFINITY]])(
    'refuses a bad drain, and ends nothing: %p',
    async (drain) => {
      const { group, streams, open } = await serveGroup()
      await open(1)
      expect(() => group.close({ drain: drain as number })).toThrow(
        expect.objectContaining({
          code: 'ERR_SSE_INVALID_OPTION',
          message: expect.stringContaining('drain'),
        }),
      )
      expect(streams[0]?.closed).toBe(false)
    },
  )

  test('disconnects a client that does not read', async () => {
    const { group, streams, open } = await serveGroup({ maxBufferedBytes: 100_000_000 })
    const [client] = await open(1)
    client?.pause()
    const stream = streams[0] as EventStream
    // More than the system buffers for a client that does not read.
    for (let sent = 0; sent < 200; sent++) stream.send('x'.repeat(65_536))
    await group.close()
    expect(codeOf(stream)).toBe('ERR_SSE_SHUTDOWN')
    expect(group.size).toBe(0)
  })

  test('does not end a connection that already serves another request', async () => {
    const { group, streams, open, answer } = await serveGroup()
    for (let count = 0; count < 3; count++) await open(1)
    const [client] = (await open(1)) as [RawClient]
    const closed = group.close({ drain: 200 })
    expect(streams.map((stream) => stream.closed)).toEqual([true, false, false, false])
    streams[3]?.close()
    await client.receives('0\r\n\r\n')
    client.get('/plain')
    await closed
    answer()
    await client.receives('plain answer')
  })
})

describe('a stream requested', () => {
  test.each([
    ['while the group closes', 150],
    ['after it has closed', 0],
  ])('%s gets 200, a retry and the end of the connection', async (_, drain) => {
    const { group, origin, open } = await serveGroup()
    await open(2)
    const closing = group.close({ drain })
    if (drain === 0) await closing
    const client = await connect(origin)
    client.get('/')
    await client.ends()
    expect(client.text).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(client.text).toContain('Content-Type: text/event-stream')
    expect(retryOf(client)).toBeGreaterThanOrEqual(1_000)
    await closing
    await eventually('nothing open', () => group.size === 0)
    expect(group.stats().opened).toBe(2)
  })

  // A refused browser may give up for good, here with 204.
  test('while the group closes ends like any other, even if it is beyond a limit', async () => {
    const key = (req: unknown) => (req as IncomingMessage).url
    const { group, origin } = await serveGroup({ limits: { perKey: 1, key }, refuse: 'stop' })
    const get = async (path: string) => {
      const client = await connect(origin)
      client.get(path)
      return client
    }
    const clients = await Promise.all([get('/first'), get('/second')])
    for (const client of clients) await client.receives(':\n\n')
    const closing = group.close({ drain: 60_000 })
    for (const path of ['/first', '/second']) {
      const client = await get(path)
      await client.ends()
      expect(client.text).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    }
    for (const client of clients) client.close()
    await closing
  })

  test('after it has closed uses no source', async () => {
    const group = new StreamGroup()
    await group.close()
    const source = jest.fn()
    const { origin } = await serve((req, res) => void group.sse(req, res, host)(source))
    const client = await connect(origin)
    client.get('/')
    await client.ends()
    expect(source).not.toHaveBeenCalled()
  })
})

describe('with the server', () => {
  test('closes it, with the idle connections of clients and those that never carried a request', async () => {
    const { group, server, origin, open } = await serveGroup()
    server.keepAliveTimeout = 60_000
    const clients = await open(3)
    const spare = await connect(origin)
    const closed = once(server, 'close')
    await group.close({ server, drain: 60 })
    await closed
    await Promise.all([spare, ...clients].map((client) => client.ends()))
  })

  test('accepts no more connections from the start', async () => {
    const { group, server, open } = await serveGroup()
    await open(1)
    const closing = group.close({ server, drain: 60 })
    expect(server.listening).toBe(false)
    await closing
  })

  test('lets a request be answered, then closes its connection', async () => {
    const { group, server, origin, open, answer } = await serveGroup()
    server.keepAliveTimeout = 60_000
    const clients = await open(2)
    const other = await connect(origin)
    const asked = once(server, 'request')
    other.get('/plain')
    await asked
    // The connection must not stay open until the end of the drain.
    const closing = group.close({ server, drain: 60_000 })
    answer()
    await other.receives('plain answer')
    await other.ends()
    expect(group.size).toBe(1)
    for (const client of clients) client.close()
    await closing
  })

  test('aborts a request that is not answered', async () => {
    const { group, server, origin } = await serveGroup()
    const other = await connect(origin)
    const asked = once(server, 'request')
    other.get('/plain')
    await asked
    await group.close({ server })
    await other.ends()
  })

  test('resolves if it is already closed', async () => {
    const { group, server } = await serveGroup()
    server.close()
    await group.close({ server })
  })

  test.each([[3000], [null], ['http://localhost'], [{}]])('that is none is refused: %j', async (server) => {
    expect(() => new StreamGroup().close({ server: server as never })).toThrow(
      'Option server must be a server',
    )
  })
})

describe('server.close() beside it', () => {
  test('resolves soon, even if clients would keep their connections', async () => {
    const { group, server, open } = await serveGroup()
    server.keepAliveTimeout = 60_000
    await open(5)
    const closed = once(server, 'close')
    server.close()
    await group.close({ drain: 60 })
    await closed
  })

  test('resolves soon over HTTP/2', async () => {
    const group = new StreamGroup()
    const { server, session } = await serveHttp2((req, res) => void group.sse(req, res, host)())
    const texts = await Promise.all(
      Array.from({ length: 3 }, async () => {
        const request = session.request().setEncoding('utf8')
        await once(request, 'data')
        return request
      }),
    )
    const closed = once(server, 'close')
    server.close()
    const ended = Promise.all(texts.map((request) => once(request.resume(), 'end')))
    await group.close()
    await Promise.all([ended, closed])
  })
})
