// What other packages do to a response, all at once: each wraps write, end or writeHead, or listens for its end.
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { type EventStream, type SseOptions, sse } from '@downstream/express'
import { eventually, RawClient } from '@downstream/testing'
import middie from '@fastify/middie'
import compression from 'compression'
import timeout from 'connect-timeout'
import express, { type RequestHandler } from 'express'
import session from 'express-session'
import expressWinston from 'express-winston'
import fastify from 'fastify'
import morgan from 'morgan'
import responseTime from 'response-time'
import winston from 'winston'
import { clock } from '../../packages/core/src/process/clock.ts'

let server: Server | undefined
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener)
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** An app with one route behind all of these packages. */
function appBehind(store: session.Store, lines: string[], handler: RequestHandler, options?: SseOptions) {
  const app = express()
  app.use(
    timeout('200ms'),
    morgan(':url :status', { stream: { write: (line) => void lines.push(line) } }),
    responseTime(),
    compression({ threshold: 0 }),
    session({ secret: 's', resave: false, saveUninitialized: true, store }),
    sse(options),
  )
  return app.get('/', handler)
}

// When a client left, nobody called res.end(): no session was saved.
test.each(['the client leaves', 'the stream is closed'])(
  'with compression, morgan, response-time, express-session and connect-timeout a stream is saved and logged once when %s',
  async (end) => {
    const lines: string[] = []
    const saved: unknown[] = []
    const store = new session.MemoryStore()
    const set = store.set.bind(store)
    store.set = (id, data, done) => {
      saved.push(data)
      set(id, data, done)
    }
    let stream: EventStream | undefined
    const app = appBehind(store, lines, (_req, res) => {
      stream = res.sse()
      stream.send('first')
    })
    const client = await RawClient.connect(await serve(app))
    client.get('/', { 'Accept-Encoding': 'gzip, br' })
    await client.receives('data: first\n\n')
    expect(client.text).toMatch(/^x-response-time: [\d.]+ms\r$/im)
    // Longer than the timeout of connect-timeout, which is for the headers.
    await sleep(300)
    stream?.send('second')
    await client.receives('data: second\n\n')
    expect([stream?.closed, lines, saved]).toEqual([false, [], []])
    if (end === 'the client leaves') client.reset()
    else {
      stream?.send('last')
      stream?.close()
      await client.receives('data: last\n\n')
    }
    await eventually('the log line and the session', () => lines.length > 0 && saved.length > 0)
    await sleep(20)
    expect([lines, saved.length]).toEqual([['/ 200\n'], 1])
    client.close()
  },
)

// express-session holds the end of a response until its store has answered: the stream stayed open for ever, and the
// error of its source was reported at the shutdown.
test('a session store that does not answer delays the end of a stream for 15 s at most', async () => {
  const store = new session.MemoryStore()
  const saving = jest.spyOn(store, 'set').mockImplementation(() => {})
  const errors: unknown[] = []
  const error = new Error('of the source')
  const onSourceError = (thrown: unknown) => void errors.push(thrown)
  const app = appBehind(store, [], (_req, res) => res.sse(() => Promise.reject(error)), { onSourceError })
  const client = await RawClient.connect(await serve(app))
  client.get('/')
  await eventually('the session', () => saving.mock.calls.length > 0)
  expect([client.ended, errors]).toEqual([false, []])
  const late = jest.spyOn(clock, 'now').mockImplementation(() => performance.now() + 16_000)
  try {
    await client.ends()
    await eventually('the error', () => errors.length > 0)
    expect(errors).toEqual([error])
  } finally {
    late.mockRestore()
  }
})

// No code called res.end() when a client disconnected: express-winston, which logs there, logged no line.
test.each(['the client disconnects', 'the stream is closed'])(
  'express-winston logs one line when %s',
  async (end) => {
    const lines: string[] = []
    const output = new Writable({
      write(line, _encoding, done) {
        lines.push(String(line).trim())
        done()
      },
    })
    let stream: EventStream | undefined
    const app = express()
    app.use(
      expressWinston.logger({
        transports: [new winston.transports.Stream({ stream: output })],
        format: winston.format.printf(({ message }) => String(message)),
        msg: '{{req.method}} {{req.url}} {{res.statusCode}}',
      }),
      sse(),
    )
    app.get('/events', (_req, res) => {
      stream = res.sse()
      stream.send('first')
    })
    const client = await RawClient.connect(await serve(app))
    client.get('/events')
    await client.receives('data: first\n\n')
    expect(lines).toEqual([])
    if (end === 'the client disconnects') client.reset()
    else stream?.close()
    await eventually('the line', () => lines.length > 0)
    expect(lines).toEqual(['GET /events 200'])
    client.close()
  },
)

test('compression() does not compress again what is compressed here', async () => {
  const app = express()
  app.use(compression({ threshold: 0, filter: () => true }), sse({ compression: 'own' }))
  app.get('/', (_req, res) => res.sse(['a'.repeat(1_000), 'b']))
  const response = await fetch(await serve(app))
  expect(response.headers.get('content-encoding')).toBe('gzip')
  expect(response.headers.get('vary')).toBe('Accept-Encoding')
  expect(await response.text()).toContain('data: b\n\n')
})

// The middleware called a `next` of middie that already served another request: that client received the error of this
// request.
test('under @fastify/middie the error of a source is a process warning, and reaches no other client', async () => {
  const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const error = new Error('of the source')
  const app = fastify()
  await app.register(middie)
  app.use(sse())
  app.get('/fails', (_request, reply) => {
    reply.hijack()
    const response = reply.raw as unknown as express.Response
    return response.sse(() => Promise.reject(error))
  })
  app.get('/other', async () => 'fine')
  try {
    await app.inject('/fails')
    expect((await app.inject('/other')).payload).toBe('fine')
    await eventually('the warning', () => emitWarning.mock.calls.length > 0)
    expect(emitWarning.mock.calls.map(([warning]) => warning as unknown)).toContain(error)
  } finally {
    emitWarning.mockRestore()
    await app.close()
  }
})
