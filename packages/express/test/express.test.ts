import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sse } from '@downstream/express'
import { eventParser, parseEvents, RawClient } from '@downstream/testing'
import compression from 'compression'
import cookieParser from 'cookie-parser'
import cors from 'cors'
import express5, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import session from 'express-session'
import express4 from 'express4'
import helmet from 'helmet'
import request from 'supertest'

async function* three() {
  yield { event: 'n', id: 1, data: 'one' }
  yield { event: 'n', id: 2, data: 'two' }
  yield { event: 'n', id: 3, data: 'three' }
}

describe.each([
  ['Express 4', express4 as unknown as typeof express5],
  ['Express 5', express5],
])('%s', (_name, express) => {
  function appWith(...middleware: RequestHandler[]): Express {
    const app = express()
    for (const one of middleware) app.use(one)
    app.use(sse())
    app.get('/n', (_req, res) => res.sse(three()))
    app.get('/open', (_req, res) => {
      const stream = res.sse()
      stream.send('first')
    })
    return app
  }

  test.each([
    ['compression', [compression({ threshold: 0 })]],
    ['helmet', [helmet()]],
    ['cors', [cors()]],
    [
      'a session and cookies',
      [cookieParser(), session({ secret: 's', resave: false, saveUninitialized: true })],
    ],
    ['body parsers', [express.json(), express.urlencoded({ extended: true })]],
    ['all of them', [helmet(), cors(), compression({ threshold: 0 }), express.json(), cookieParser()]],
  ])('streams unchanged behind %s', async (_what, middleware) => {
    const response = await request(appWith(...(middleware as RequestHandler[])))
      .get('/n')
      .set('Accept-Encoding', 'gzip, br')
      .buffer(true)
      .parse(eventParser())
    expect(response.headers['content-type']).toBe('text/event-stream')
    expect(response.headers['content-encoding']).toBeUndefined()
    expect(response.body.map(({ data }: { data: string }) => data)).toEqual(['one', 'two', 'three'])
  })

  test("limits the streams of an address by the app's own req.ip, and counts them", async () => {
    const app = express().set('trust proxy', 1)
    const events = sse({ limits: { perKey: 1, key: (req) => req.ip }, refuse: 429 })
    app.use(events)
    app.get('/', (_req, res) => void res.sse())
    const server = app.listen(0)
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const clients: RawClient[] = []
    const open = async (address: string, answer: string) => {
      const client = await RawClient.connect(origin)
      clients.push(client)
      client.get('/', { 'X-Forwarded-For': address })
      await client.receives(answer)
    }
    try {
      await open('192.0.2.1', 'HTTP/1.1 200')
      await open('192.0.2.1', 'HTTP/1.1 429')
      await open('192.0.2.2', 'HTTP/1.1 200')
      expect(events.size).toBe(2)
      expect(events.stats()).toMatchObject({ open: 2, refused: { perKey: 1 } })
    } finally {
      for (const client of clients) client.close()
      server.close()
    }
  })

  test('sends each event at once with compression(), while the stream is open', async () => {
    const server = appWith(compression({ threshold: 0 })).listen(0)
    const client = await RawClient.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    try {
      client.get('/open', { 'Accept-Encoding': 'gzip, br' })
      await client.receives('data: first\n\n')
    } finally {
      client.close()
      server.close()
    }
  })

  test('keeps the headers of helmet, cors, a session and res.cookie', async () => {
    const app = express()
    app.use(helmet(), cors({ origin: 'https://example.org', credentials: true }))
    app.use(session({ secret: 's', resave: false, saveUninitialized: true }))
    app.use(sse())
    app.get('/', (_req, res) => {
      res.cookie('a', '1').cookie('b', '2').append('Vary', 'Cookie')
      return res.sse(['x'])
    })
    const { headers } = await request(app).get('/').buffer(true).parse(eventParser())
    expect(headers['strict-transport-security']).toBeDefined()
    expect(headers['access-control-allow-origin']).toBe('https://example.org')
    expect(headers['access-control-allow-credentials']).toBe('true')
    expect(headers.vary).toBe('Origin, Cookie')
    const cookies = headers['set-cookie'] as unknown as string[]
    expect(cookies.map((cookie) => cookie.split('=')[0])).toEqual(['a', 'b', 'connect.sid'])
  })

  test('passes the error of a source to the error handlers of the router that has the route, once', async () => {
    const seen: [where: string, error: unknown][] = []
    const note =
      (where: string): ErrorRequestHandler =>
      (error, _req, _res, next) => {
        seen.push([where, error])
        next(error)
      }
    const error = new Error('source')
    const router = express.Router()
    router.get('/n', (_req, res) =>
      res.sse(async function* () {
        yield 'one'
        throw error
      }),
    )
    router.use(note('router'))
    const app = express()
    app.use(sse())
    app.use('/mounted', router)
    app.use(note('app'))
    app.use(((_error, _req, _res, _next) => {}) as ErrorRequestHandler)
    const { body } = await request(app).get('/mounted/n').buffer(true).parse(eventParser())
    expect(body).toEqual([{ event: 'message', data: 'one', id: undefined }])
    expect(seen).toEqual([
      ['router', error],
      ['app', error],
    ])
  })

  test('reads the query of a mounted route from the whole URL', async () => {
    const router = express.Router()
    router.get('/n', (_req, res) =>
      res.sse(({ lastEventId }) => [lastEventId], { lastEventIdParameter: 'from' }),
    )
    const app = express()
    app.use(sse())
    app.use('/mounted', router)
    const { text } = await request(app).get('/mounted/n?from=7').buffer(true)
    expect(parseEvents(text)[0]?.data).toBe('7')
  })

  test('stops reading an open stream after the events that a test requested', async () => {
    const ended: string[] = []
    const app = express()
    app.use(sse())
    app.get('/', (_req, res) => {
      const stream = res.sse()
      stream.signal.addEventListener('abort', () => ended.push(stream.signal.reason.code))
      for (const n of ['one', 'two', 'three']) stream.send(n)
    })
    const server = app.listen(0)
    try {
      const { body } = await request(server).get('/').buffer(true).parse(eventParser(2))
      expect(body.map(({ data }: { data: string }) => data)).toEqual(['one', 'two'])
      while (ended.length === 0) await new Promise((resolve) => setImmediate(resolve))
      expect(ended).toEqual(['ERR_SSE_CLIENT_CLOSED'])
    } finally {
      server.close()
    }
  })

  test('answers an error before the headers with an ordinary error response', async () => {
    const app = express()
    app.use(sse())
    app.get('/', (_req, res) => res.sse('text' as never))
    app.use(((error, _req, res, _next) => res.status(500).json({ code: error.code })) as ErrorRequestHandler)
    const response = await request(app).get('/')
    expect(response.status).toBe(500)
    expect(response.body).toEqual({ code: 'ERR_SSE_INVALID_SOURCE' })
  })

  test('says what to write if the middleware was not created, and does not hang', async () => {
    const app = express()
    app.use(sse)
    app.use(((error, _req, res, _next) => res.status(500).send(error.message)) as ErrorRequestHandler)
    expect((await request(app).get('/')).text).toBe('Write app.use(sse()), not app.use(sse).')
  })

  test('accepts another name for the method', async () => {
    const app = express()
    app.use(sse({ methodName: 'eventStream' }))
    app.get('/', (_req, res) => {
      expect(res.sse).toBeUndefined()
      const named = res as unknown as { eventStream: typeof res.sse }
      return named.eventStream(['x'])
    })
    expect((await request(app).get('/').buffer(true)).text).toBe('retry: 3000\n:\n\ndata: x\n\n')
  })
})

// The middleware called a `next` that had been called long before: under middie another client got the error of this
// request.
test('without an Express router the error of a source is a process warning, and next is called once', async () => {
  const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const error = new Error('of the source')
  const next = jest.fn()
  const middleware = sse()
  const server = createServer((req, res) => {
    middleware(req, res, next)
    void (res as unknown as express5.Response).sse(() => Promise.reject(error))
  })
  try {
    await request(server).get('/').buffer(true).parse(eventParser())
    while (emitWarning.mock.calls.length === 0) await new Promise((resolve) => setImmediate(resolve))
    expect(emitWarning.mock.calls).toEqual([[error]])
    expect(next.mock.calls).toEqual([[]])
  } finally {
    emitWarning.mockRestore()
  }
})

test('passes the error of a source to onSourceError instead of the error handlers', async () => {
  const seen: unknown[] = []
  const app = express5()
  app.use(sse({ onSourceError: (error, req, res) => void seen.push(error, req.url, res.statusCode) }))
  const error = new Error('of the source')
  app.get('/', (_req, res) => res.sse(() => Promise.reject(error)))
  app.use(((thrown, _req, _res, _next) => void seen.push('handler', thrown)) as ErrorRequestHandler)
  await request(app).get('/').buffer(true).parse(eventParser())
  while (seen.length === 0) await new Promise((resolve) => setImmediate(resolve))
  expect(seen).toEqual([error, '/', 200])
})

test('refuses bad options when the middleware is created', () => {
  expect(() => sse({ onSourceError: 'log' as never })).toThrow(
    'Option onSourceError must be a function; got "log".',
  )
  expect(() => sse({ keepAlive: 0 })).toThrow(expect.objectContaining({ code: 'ERR_SSE_INVALID_OPTION' }))
})
