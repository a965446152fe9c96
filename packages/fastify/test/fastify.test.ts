import { once } from 'node:events'
import { request as httpRequest, type ServerResponse } from 'node:http'
import { PassThrough, Readable, Transform, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { runInNewContext } from 'node:vm'
import { gunzipSync } from 'node:zlib'
import { type EventStream, sse } from '@downstream/fastify'
import { eventually, parseEvents, RawClient, takeEvents } from '@downstream/testing'
import compress from '@fastify/compress'
import cookie from '@fastify/cookie'
import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import fastify5, { type FastifyInstance, type FastifyPluginCallback, type FastifyReply } from 'fastify'
import fastify4 from 'fastify4'
import compress4 from 'fastify4-compress'
import cookie4 from 'fastify4-cookie'
import cors4 from 'fastify4-cors'

type Fastify = typeof fastify5
type Plugin = FastifyPluginCallback<Record<string, unknown>>

const versions: [
  name: string,
  fastify: Fastify,
  plugins: { cookie: Plugin; compress: Plugin; cors: Plugin },
][] = [
  [
    'Fastify 4',
    fastify4 as unknown as Fastify,
    { cookie: cookie4, compress: compress4, cors: cors4 } as never,
  ],
  ['Fastify 5', fastify5, { cookie, compress, cors } as never],
]

interface LogLine {
  level: number
  msg: string
  err?: { message: string }
}

describe.each(versions)('%s', (_name, fastify, plugins) => {
  let app: FastifyInstance
  let log: LogLine[]

  beforeEach(async () => {
    log = []
    const stream = new Writable({
      write(line, _encoding, done) {
        log.push(JSON.parse(line))
        done()
      },
    })
    app = fastify({ logger: { level: 'info', stream } })
  })

  afterEach(() => app.close())

  async function listen(): Promise<string> {
    return app.listen({ port: 0, host: '127.0.0.1' })
  }

  async function* three() {
    for (const data of ['one', 'two', 'three']) yield data
  }

  test('keeps the headers of cors, cookies, the reply and async onSend hooks', async () => {
    await app.register(plugins.cors, { origin: 'https://example.org', credentials: true })
    await app.register(plugins.cookie)
    await app.register(sse)
    app.addHook('onSend', async (_request, reply) => {
      await sleep(5)
      reply.header('x-hook', 'ran')
    })
    app.get('/', async (_request, reply) => {
      const withCookies = reply as typeof reply & { setCookie(name: string, value: string): void }
      withCookies.setCookie('a', '1')
      withCookies.setCookie('b', '2')
      reply.header('x-reply', 'set')
      reply.sse(three())
    })
    const response = await fetch(await listen())
    expect(parseEvents(await response.text()).map(({ data }) => data)).toEqual(['one', 'two', 'three'])
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'access-control-allow-origin': 'https://example.org',
      'x-hook': 'ran',
      'x-reply': 'set',
    })
    expect(response.headers.getSetCookie().map((one) => one.split(';')[0])).toEqual(['a=1', 'b=2'])
  })

  test('a stream is not compressed by the compress plugin', async () => {
    await app.register(plugins.compress, { global: true, threshold: 0 })
    await app.register(sse)
    app.get('/', (_request, reply) => {
      reply.sse().send('first')
    })
    const client = await RawClient.connect(await listen())
    client.get('/', { 'Accept-Encoding': 'gzip' })
    await client.receives('data: first\n\n')
    client.close()
  })

  test.each<[string, (payload: Readable) => Readable]>([
    ['piped through a transform', (payload) => payload.pipe(new PassThrough())],
    ['iterated', (payload) => Readable.from(payload)],
  ])('the payload is an ordinary Readable if a hook has it %s', async (_how, through) => {
    await app.register(sse)
    app.addHook('onSend', async (_request, _reply, payload) => through(payload as Readable))
    app.get('/', (_request, reply) => {
      reply.sse(Array.from({ length: 3_000 }, (_, n) => `${n} ${'x'.repeat(100)}`))
    })
    const response = await fetch(await listen())
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    expect(response.headers.get('x-accel-buffering')).toBe('no')
    const events = parseEvents(await response.text())
    expect(events.map(({ data }) => Number.parseInt(data, 10))).toEqual(
      Array.from({ length: 3_000 }, (_, n) => n),
    )
  })

  test('has compressed bytes in the payload of a hook', async () => {
    await app.register(sse, { compression: 'own' })
    const seen: Buffer[] = []
    app.addHook('onSend', async (_request, _reply, payload) =>
      (payload as Readable).pipe(
        new Transform({
          transform(chunk, _encoding, done) {
            seen.push(chunk)
            done(null, chunk)
          },
        }),
      ),
    )
    app.get('/', (_request, reply) => reply.sse(Array.from({ length: 300 }, (_, n) => `${n} Grüße 😀`)))
    const response = await fetch(await listen())
    expect(response.headers.get('content-encoding')).toBe('gzip')
    const text = await response.text()
    expect(parseEvents(text).map(({ data }) => data)).toEqual(
      Array.from({ length: 300 }, (_, n) => `${n} Grüße 😀`),
    )
    expect(gunzipSync(Buffer.concat(seen)).toString()).toBe(text)
  })

  test('ends a stream that a hook has piped elsewhere when the client disconnects', async () => {
    let stream: EventStream | undefined
    await app.register(sse)
    app.addHook('onSend', async (_request, _reply, payload) => (payload as Readable).pipe(new PassThrough()))
    app.get('/', (_request, reply) => {
      stream = reply.sse()
      stream.send('first')
    })
    const client = await RawClient.connect(await listen())
    client.get('/')
    await client.receives('data: first\n\n')
    client.reset()
    await eventually('the end', () => stream?.closed)
    expect(stream?.signal.reason.code).toBe('ERR_SSE_CLIENT_CLOSED')
  })

  test('answers with the error of a hook that fails, and the stream is over', async () => {
    let stream: EventStream | undefined
    await app.register(sse)
    app.addHook('onSend', async (_request, _reply, payload) => {
      await sleep(5)
      if (payload instanceof Readable) throw new Error('hook')
      return payload
    })
    app.setErrorHandler((error, _request, reply) => {
      reply.code(503).send({ seen: (error as Error).message })
    })
    app.get('/', async (_request, reply) => {
      stream = reply.sse()
      stream.send('lost')
    })
    const response = await fetch(await listen())
    expect(response.status).toBe(503)
    expect(await response.json()).toEqual({ seen: 'hook' })
    expect(stream?.signal.reason).toMatchObject({ code: 'ERR_SSE_WRITE_FAILED', cause: { message: 'hook' } })
  })

  test.each([
    ['nothing', undefined],
    ['a value', { a: 1 }],
    ['null', null],
    ['a string', 'text'],
  ])('a stream works if an async handler returns %s while a hook is pending', async (_what, value) => {
    await app.register(sse)
    app.addHook('onSend', async () => {
      await sleep(10)
    })
    app.get('/', async (_request, reply) => {
      const stream = reply.sse()
      setTimeout(async () => {
        await stream.send('later')
        stream.close()
      }, 30)
      return value
    })
    const response = await fetch(await listen())
    expect(await response.text()).toBe('retry: 3000\n:\n\ndata: later\n\n')
    expect(log.filter(({ level }) => level >= 40)).toEqual([])
  })

  test.each([
    ['while a hook is pending', 0],
    ['after the headers were sent', 40],
  ])('ends the stream and logs once when the handler throws %s', async (_when, delay) => {
    let stream: EventStream | undefined
    await app.register(sse)
    app.addHook('onSend', async () => {
      await sleep(20)
    })
    app.get('/', async (_request, reply) => {
      stream = reply.sse()
      stream.send('before')
      if (delay > 0) await sleep(delay)
      throw new Error('late')
    })
    const response = await fetch(await listen())
    expect(await response.text()).toBe('retry: 3000\n:\n\ndata: before\n\n')
    expect(stream?.signal.reason.code).toBe('ERR_SSE_SOURCE_FAILED')
    expect(log.filter(({ level }) => level >= 40).map(({ err }) => err?.message)).toStrictEqual(['late'])
  })

  // Fastify runs the onSend hooks for the error of an onSend hook too. When one of them failed again while the handler was
  // pending, the handler's return threw FST_ERR_SEND_INSIDE_ONERR as an unhandled rejection, which ended the process.
  test('answers with an error when an onSend hook fails twice while the handler is pending', async () => {
    await app.register(sse)
    const ended = jest.fn()
    app.addHook('onSend', async () => {
      throw new Error('of a hook')
    })
    app.addHook('onError', async () => {
      await sleep(20)
    })
    app.get('/', async (_request, reply) => {
      const stream = reply.sse()
      stream.signal.addEventListener('abort', ended)
      // Returns while the onError hook of the second failure is pending.
      await sleep(30)
      return 'ignored'
    })
    const response = await fetch(await listen())
    expect(response.status).toBe(500)
    expect(ended).toHaveBeenCalledTimes(1)
  })

  // Neither is an Error of this realm: nothing was logged, and the stream stayed open forever.
  test.each<[what: string, thrown: unknown]>([
    ['a string', 'text'],
    ['an object', { statusCode: 403 }],
    ['nothing', undefined],
    ['an Error of another realm', runInNewContext("new Error('elsewhere')")],
  ])('ends the stream and logs once when the handler throws %s', async (_what, thrown) => {
    const errors: unknown[] = []
    const other = fastify()
    await other.register(sse, { onSourceError: (error) => void errors.push(error) })
    other.get('/async', async (_request, reply) => {
      reply.sse().send('before')
      await sleep(1)
      throw thrown
    })
    other.get('/', (_request, reply) => {
      reply.sse().send('before')
      throw thrown
    })
    try {
      for (const url of ['/async', '/']) {
        expect((await other.inject(url)).payload).toMatch(/:\n\ndata: before\n\n$/)
      }
      await eventually('both errors', () => errors.length === 2)
      expect(errors).toEqual([thrown, thrown])
    } finally {
      await other.close()
    }
  })

  test.each<[how: string, fail: (reply: FastifyReply, error: Error) => unknown]>([
    ['returns', (_reply, error) => error],
    ['sends', (reply, error) => void reply.send(error)],
  ])('ends the stream and logs once when the handler %s an Error after it', async (_how, fail) => {
    await app.register(sse)
    app.get('/', async (_request, reply) => {
      reply.sse().send('before')
      await sleep(1)
      return fail(reply, new Error('late'))
    })
    const response = await fetch(await listen())
    expect(await response.text()).toBe('retry: 3000\n:\n\ndata: before\n\n')
    expect(log.filter(({ level }) => level >= 40).map(({ err }) => err?.message)).toStrictEqual(['late'])
  })

  // The logger of Fastify is off by default, and every error of a source and every late error of a handler was lost.
  test.each<[what: string, handler: (reply: FastifyReply, error: Error) => unknown]>([
    ['a source', (reply, error) => reply.sse(() => Promise.reject(error))],
    [
      'a handler after it',
      async (reply, error) => {
        reply.sse()
        await sleep(1)
        throw error
      },
    ],
  ])('warns of the error of %s if the logger is off', async (_what, handler) => {
    const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const quiet = fastify()
    await quiet.register(sse)
    const error = new Error('of the app')
    quiet.get('/', (_request, reply) => handler(reply, error))
    try {
      await quiet.inject('/')
      await eventually('the warning', () => emitWarning.mock.calls.length > 0)
      expect(emitWarning.mock.calls.filter(([warning]) => (warning as unknown) === error)).toHaveLength(1)
    } finally {
      emitWarning.mockRestore()
      await quiet.close()
    }
  })

  test('passes the error of a source to onSourceError alone, with request and reply', async () => {
    const seen: unknown[] = []
    await app.register(sse, {
      onSourceError: (error, request, reply) => {
        seen.push(error, request.url, reply.statusCode)
        throw new Error('thrown by onSourceError')
      },
    })
    const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const error = new Error('of the source')
    app.get('/', (_request, reply) => reply.sse(() => Promise.reject(error)))
    try {
      await app.inject('/')
      await eventually('the error', () => emitWarning.mock.calls.length > 0)
      expect(seen).toEqual([error, '/', 200])
      expect(emitWarning.mock.calls.map(([warning]) => String(warning))).toEqual([
        'Error: thrown by onSourceError',
      ])
      expect(log.filter(({ level }) => level >= 40)).toEqual([])
    } finally {
      emitWarning.mockRestore()
    }
  })

  // A hook that measures the duration of a request sets a trailer, and the stream ended at once.
  test('sends trailers after the stream', async () => {
    let stream: EventStream | undefined
    await app.register(sse)
    app.addHook('onSend', async (_request, reply) => {
      reply.trailer('server-timing', async () => 'total;dur=1')
    })
    app.get('/', (_request, reply) => {
      stream = reply.sse()
      stream.send('first')
    })
    const client = await RawClient.connect(await listen())
    client.get('/')
    await client.receives('data: first\n\n')
    expect(stream?.closed).toBe(false)
    stream?.send('second')
    await client.receives('data: second\n\n')
    stream?.close()
    await client.receives('server-timing: total;dur=1\r\n')
    expect(stream?.signal.reason.code).toBe('ERR_SSE_CLOSED')
    client.close()
  })

  test('the compress plugin does not compress a stream again that is compressed here', async () => {
    await app.register(plugins.compress, { global: true, threshold: 0, customTypes: /./ })
    await app.register(sse, { compression: 'own' })
    app.get('/events', (_request, reply) => reply.sse(three()))
    const response = await fetch(`${await listen()}/events`)
    expect(response.headers.get('content-encoding')).toBe('gzip')
    expect(response.headers.get('vary')?.toLowerCase()).toBe('accept-encoding')
    expect(await response.text()).toContain('data: three\n\n')
  })

  test('a stream is not compressed by the compress plugin even if its customTypes match it', async () => {
    await app.register(plugins.compress, { global: true, threshold: 0, customTypes: /^text\// })
    await app.register(sse)
    app.get('/', (_request, reply) => {
      reply.sse().send('first')
    })
    app.get('/text', async () => 'text'.repeat(100))
    const origin = await listen()
    const client = await RawClient.connect(origin)
    client.get('/', { 'Accept-Encoding': 'gzip' })
    await client.receives('data: first\n\n')
    client.close()
    const other = await fetch(`${origin}/text`)
    await other.text()
    expect(other.headers.get('content-encoding')).not.toBeNull()
  })

  // The text was sent as text/event-stream, and the stream reported that the client had disconnected.
  test('a stream is replaced by the text that a hook returns', async () => {
    let stream: EventStream | undefined
    await app.register(sse)
    app.addHook('onSend', async (_request, reply, payload) => {
      if (payload instanceof Readable)
        return JSON.stringify({ type: String(reply.getHeader('content-type')) })
      return payload
    })
    app.get('/', (_request, reply) => {
      stream = reply.sse()
      stream.send('lost')
    })
    const response = await fetch(await listen())
    expect(await response.json()).toEqual({ type: 'text/event-stream' })
    expect(response.headers.get('content-type')).toBeNull()
    expect(stream?.signal.reason.code).toBe('ERR_SSE_WRITE_FAILED')
  })

  // The client could not read the answer: it was plain text with Content-Encoding: gzip.
  test.each<[what: string, act: () => unknown, status: number, body: object]>([
    ['the text of a hook', () => '{"a":1}', 200, { a: 1 }],
    [
      'the error of a hook',
      () => {
        throw new Error('hook')
      },
      500,
      { message: 'hook' },
    ],
  ])('is replaced by %s, which is not compressed', async (_what, act, status, body) => {
    await app.register(sse, { compression: 'own' })
    app.addHook('onSend', async (_request, _reply, payload) =>
      payload instanceof Readable ? act() : payload,
    )
    app.get('/', (_request, reply) => void reply.sse())
    const response = await fetch(await listen())
    expect(response.status).toBe(status)
    expect(response.headers.get('content-encoding')).toBeNull()
    expect(await response.json()).toMatchObject(body)
  })

  test('removes an old Content-Length from the stream', async () => {
    await app.register(sse)
    app.addHook('onSend', async (_request, _reply, payload) => (payload as Readable).pipe(new PassThrough()))
    app.get('/', (_request, reply) => {
      reply.header('content-length', '3')
      return reply.sse(three())
    })
    const response = await fetch(await listen())
    expect(response.headers.get('content-length')).toBeNull()
    expect(parseEvents(await response.text())).toHaveLength(3)
  })

  test('a stream that a hook pipes is not ended by connectionTimeout', async () => {
    let stream: EventStream | undefined
    const timed = fastify({ connectionTimeout: 150 })
    await timed.register(sse)
    timed.addHook('onSend', async (_request, _reply, payload) =>
      (payload as Readable).pipe(new PassThrough()),
    )
    timed.get('/', (_request, reply) => {
      stream = reply.sse()
      stream.send('first')
    })
    const client = await RawClient.connect(await timed.listen({ port: 0, host: '127.0.0.1' }))
    client.get('/')
    await client.receives('data: first\n\n')
    await sleep(400)
    stream?.send('second')
    await client.receives('data: second\n\n')
    client.close()
    await timed.close()
  })

  test('a stream passes through a hook that counts its bytes', async () => {
    let bytes = 0
    await app.register(sse)
    app.addHook('onSend', (_request, _reply, payload, done) => {
      ;(payload as Readable).on('data', (chunk: Buffer) => {
        bytes += Buffer.byteLength(chunk)
      })
      done(null, payload)
    })
    app.get('/', (_request, reply) => reply.sse(three()))
    const text = await (await fetch(await listen())).text()
    expect(parseEvents(text)).toHaveLength(3)
    expect(bytes).toBe(text.length)
  })

  // Fastify sent what the handler returned inside its own error hook, and the process crashed with an unhandled
  // rejection.
  test.each([
    ['nothing', undefined],
    ['a value', { a: 1 }],
  ])(
    'a hook that fails at once ends the request with an error, when an async handler returns %s',
    async (_what, value) => {
      const rejections: unknown[] = []
      const note = (reason: unknown) => void rejections.push(reason)
      process.on('unhandledRejection', note)
      await app.register(sse)
      app.addHook('onSend', (_request, _reply, payload, done) => {
        if (payload instanceof Readable) done(new Error('hook'))
        else done(null, payload)
      })
      app.addHook('onError', async () => {
        await sleep(10)
      })
      app.get('/', async (_request, reply) => {
        reply.sse()
        return value
      })
      try {
        const response = await app.inject('/')
        expect([response.statusCode, response.json().message]).toEqual([500, 'hook'])
        await sleep(20)
        expect(rejections).toEqual([])
      } finally {
        process.off('unhandledRejection', note)
      }
    },
  )

  // Fastify sent a second answer, and the process ended with an unhandled rejection (ERR_HTTP_HEADERS_SENT).
  test('a handler that throws while the onSend hooks of the error answer are pending does not crash the process', async () => {
    const rejections: unknown[] = []
    const note = (reason: unknown) => void rejections.push(reason)
    process.on('unhandledRejection', note)
    await app.register(sse)
    let answer = () => {}
    const answering = new Promise<void>((resolve) => {
      answer = resolve
    })
    let calls = 0
    app.addHook('onSend', async () => {
      if (++calls === 2) {
        answer()
        await sleep(20)
      }
      throw new Error(`hook ${calls}`)
    })
    app.addHook('onError', async () => {})
    app.get('/', async (_request, reply) => {
      reply.sse()
      await answering
      throw new Error('late')
    })
    try {
      const response = await app.inject('/')
      expect([response.statusCode, response.json().message]).toEqual([500, 'hook 2'])
      await sleep(40)
      expect(rejections).toEqual([])
    } finally {
      process.off('unhandledRejection', note)
    }
  })

  test('limits the streams of an address by request.ip, and counts them', async () => {
    const behindProxy = fastify({ trustProxy: true })
    await behindProxy.register(sse, { limits: { perKey: 1, key: (request) => request.ip }, refuse: 429 })
    behindProxy.get('/', (_request, reply) => void reply.sse())
    const origin = await behindProxy.listen({ port: 0, host: '127.0.0.1' })
    const open = async (address: string, answer: string) => {
      const client = await RawClient.connect(origin)
      client.get('/', { 'X-Forwarded-For': address })
      await client.receives(answer)
    }
    await open('192.0.2.1', 'HTTP/1.1 200')
    await open('192.0.2.1', 'HTTP/1.1 429')
    await open('192.0.2.2', 'HTTP/1.1 200')
    expect(behindProxy.sse.size).toBe(2)
    expect(behindProxy.sse.stats()).toMatchObject({ open: 2, refused: { perKey: 1 } })
    await behindProxy.close()
  })

  test('a client that disconnects inside a hook, before the headers, frees its slot at that moment', async () => {
    await app.register(sse, { limits: { total: 1 } })
    let openThen: number | undefined
    app.addHook('onSend', async (_request, reply) => {
      if (openThen !== undefined) return
      expect(app.sse.size).toBe(1)
      client.reset()
      await once(reply.raw, 'close')
      openThen = app.sse.size
    })
    app.get('/', (_request, reply) => void reply.sse())
    const origin = await listen()
    const client = await RawClient.connect(origin)
    client.get('/')
    await eventually('the disconnect', () => openThen !== undefined)
    expect(openThen).toBe(0)
    const next = await RawClient.connect(origin)
    next.get('/')
    await next.receives(':\n\n')
    next.close()
    expect(app.sse.stats()).toMatchObject({ opened: 2, refused: { total: 0 } })
  })

  test('runs onResponse at the end, and does not log a client that disconnects as an error', async () => {
    const responses: string[] = []
    await app.register(sse)
    app.addHook('onResponse', async (request) => void responses.push(request.url))
    app.get('/ends', (_request, reply) => reply.sse(['x']))
    let stream: EventStream | undefined
    app.get('/stays', (_request, reply) => {
      stream = reply.sse()
    })
    const origin = await listen()
    await (await fetch(`${origin}/ends`)).text()
    await eventually('onResponse', () => responses.length === 1)
    const client = await RawClient.connect(origin)
    client.get('/stays')
    await client.receives(':\n\n')
    client.reset()
    await eventually('the end', () => stream?.closed)
    await sleep(20)
    expect(log.filter(({ level, msg }) => level >= 40 || /premature/.test(msg))).toEqual([])
  })

  test('retains nothing of Fastify while the stream is open, and leaves the listeners of hooks alone', async () => {
    const finished: string[] = []
    let raw: ServerResponse | undefined
    let bare: string[] = []
    let stream: EventStream | undefined
    const quiet = fastify()
    await quiet.register(sse)
    quiet.addHook('onSend', async (_request, reply, payload) => {
      if (!(payload instanceof Readable)) return
      payload.on('end', () => finished.push('payload'))
      reply.raw.on('finish', () => finished.push('response'))
    })
    quiet.get('/bare', (_request, reply) => {
      reply.hijack()
      stream = reply.sse()
      bare = reply.raw.eventNames().map((name) => `${String(name)} ${reply.raw.listenerCount(name)}`)
      stream.close()
    })
    quiet.get('/', (_request, reply) => {
      raw = reply.raw
      stream = reply.sse()
    })
    try {
      const client = await RawClient.connect(await quiet.listen({ port: 0, host: '127.0.0.1' }))
      client.get('/bare')
      await client.receives('0\r\n\r\n')
      client.get('/')
      await eventually('the headers', () => raw?.headersSent)
      const names = raw?.eventNames() ?? []
      expect(names.map((name) => `${String(name)} ${raw?.listenerCount(name)}`).sort()).toEqual(
        // Node's own listener and that of the hook.
        bare.map((one) => (one === 'finish 1' ? 'finish 2' : one)).sort(),
      )
      stream?.close()
      await eventually('the end', () => finished.length === 2)
      expect(finished).toEqual(['payload', 'response'])
      client.close()
    } finally {
      await quiet.close()
    }
  })

  test('completes HEAD on an automatic and on an explicit route', async () => {
    await app.register(sse)
    app.get('/automatic', (_request, reply) => reply.sse(three()))
    app.route({
      method: ['HEAD', 'GET'],
      url: '/explicit',
      exposeHeadRoute: false,
      handler: (_request, reply) => reply.sse(three()),
    })
    const origin = await listen()
    for (const path of ['/automatic', '/explicit']) {
      const request = httpRequest(origin + path, { method: 'HEAD' }).end()
      const [response] = await once(request, 'response')
      response.resume()
      await once(response, 'close')
      expect([path, response.statusCode, response.headers['content-type']]).toEqual([
        path,
        200,
        'text/event-stream',
      ])
    }
  })

  test('a stream works in an encapsulated plugin with a prefix and an auth hook, which answers by itself', async () => {
    await app.register(sse)
    await app.register(
      async (scope) => {
        scope.addHook('preHandler', async (request, reply) => {
          if (request.headers.authorization !== 'yes') return reply.code(401).send({ error: 'who are you' })
        })
        scope.get('/n', (_request, reply) => reply.sse(three()))
      },
      { prefix: '/api' },
    )
    const origin = await listen()
    expect((await fetch(`${origin}/api/n`)).status).toBe(401)
    const response = await fetch(`${origin}/api/n`, { headers: { authorization: 'yes' } })
    expect(parseEvents(await response.text())).toHaveLength(3)
  })

  test('answers an error before the headers with an ordinary error response', async () => {
    await app.register(sse)
    app.get('/', (_request, reply) => reply.sse('text' as never))
    const response = await app.inject('/')
    expect(response.statusCode).toBe(500)
    expect(response.json()).toMatchObject({ code: 'ERR_SSE_INVALID_SOURCE' })
  })

  test('takes over a hijacked reply', async () => {
    await app.register(sse)
    app.get('/', (_request, reply) => {
      reply.hijack()
      return reply.sse(['x'])
    })
    expect(await (await fetch(await listen())).text()).toBe('retry: 3000\n:\n\ndata: x\n\n')
  })

  test('refuses bad options and a second registration', async () => {
    await expect(app.register(sse, { maxAge: -1 })).rejects.toMatchObject({ code: 'ERR_SSE_INVALID_OPTION' })
    const other = fastify()
    await other.register(sse)
    await expect(other.register(sse)).rejects.toMatchObject({ code: 'FST_ERR_DEC_ALREADY_PRESENT' })
  })

  test('accepts the options of register()', async () => {
    await app.register(sse, { prefix: '/x', logLevel: 'warn', retry: 1_000 } as object)
    await app.ready()
  })

  test('refuses an unknown option', async () => {
    app.register(sse, { keepalive: 1 } as object)
    await expect(app.ready()).rejects.toMatchObject({ code: 'ERR_SSE_INVALID_OPTION' })
  })

  test('takes another name for the method, also beside a first one', async () => {
    await app.register(sse)
    await app.register(sse, { methodName: 'eventStream' })
    app.get('/', (_request, reply) =>
      (reply as unknown as { eventStream: typeof reply.sse }).eventStream(['x']),
    )
    expect((await app.inject('/')).payload).toBe('retry: 3000\n:\n\ndata: x\n\n')
  })

  test('inject() reads a stream that ends by itself', async () => {
    await app.register(sse)
    app.get('/', (_request, reply) => reply.sse(three()))
    const response = await app.inject('/')
    expect(response.headers['content-type']).toBe('text/event-stream')
    expect(parseEvents(response.payload).map(({ data }) => data)).toEqual(['one', 'two', 'three'])
  })
})

describe('Fastify 5 alone', () => {
  test('treats an aborted inject({ signal }) as a client that disconnects', async () => {
    let stream: EventStream | undefined
    const app = fastify5()
    await app.register(sse)
    app.get('/', (_request, reply) => {
      stream = reply.sse()
    })
    const aborter = new AbortController()
    const response = app.inject({ url: '/', signal: aborter.signal })
    response.catch(() => {})
    await eventually('the stream', () => stream)
    aborter.abort()
    await eventually('the end', () => stream?.closed)
    expect(stream?.signal.reason.code).toBe('ERR_SSE_CLIENT_CLOSED')
    await app.close()
  })

  test('an open stream can be read from inject({ payloadAsStream: true })', async () => {
    const app = fastify5()
    await app.register(sse)
    app.get('/', (_request, reply) => {
      const stream = reply.sse()
      for (const data of ['one', 'two', 'three']) stream.send(data)
    })
    const response = await app.inject({ url: '/', payloadAsStream: true })
    const events = await takeEvents(response.stream(), 2)
    expect(events.map(({ data }) => data)).toEqual(['one', 'two'])
    await app.close()
  })

  test('handlerTimeout does not end a stream, and request.signal still aborts when a client disconnects', async () => {
    const app = fastify5({ handlerTimeout: 50 })
    await app.register(sse)
    let requestSignal: AbortSignal | undefined
    app.get('/', async (request, reply) => {
      requestSignal = request.signal
      const stream = reply.sse()
      await sleep(120)
      await stream.send('after the timeout')
    })
    app.get('/slow', async () => sleep(200))
    const origin = await app.listen({ port: 0, host: '127.0.0.1' })
    const client = await RawClient.connect(origin)
    client.get('/')
    await client.receives('data: after the timeout\n\n')
    expect(requestSignal?.aborted).toBe(false)
    client.reset()
    await eventually('request.signal', () => requestSignal?.aborted)
    expect((await fetch(`${origin}/slow`)).status).toBe(503)
    await app.close()
  })

  test('helmet and a response schema leave the stream unchanged', async () => {
    const app = fastify5()
    await app.register(helmet)
    await app.register(sse)
    const schema = { response: { 200: { type: 'object', properties: { a: { type: 'string' } } } } }
    app.get('/', { schema }, (_request, reply) => reply.sse(['x']))
    const response = await app.inject('/')
    expect(response.headers['strict-transport-security']).toBeDefined()
    expect(response.payload).toBe('retry: 3000\n:\n\ndata: x\n\n')
    await app.close()
  })
})
