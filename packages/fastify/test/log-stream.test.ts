import { Writable } from 'node:stream'
import { type SseOptions, sse } from '@downstream/fastify'
import { eventually, RawClient } from '@downstream/testing'
import fastify from 'fastify'

interface Line {
  level: number
  msg: string
  code?: string
  duration?: number
  events?: number
}

/** An app that logs from debug on, and its lines about streams. */
async function start(options: SseOptions, level = 'debug') {
  const lines: Line[] = []
  const stream = new Writable({
    write(text, _encoding, done) {
      const line: Line = JSON.parse(String(text))
      if (line.msg.startsWith('event stream')) lines.push(line)
      done()
    },
  })
  const app = fastify({ logger: { level, stream } })
  await app.register(sse, options)
  app.get('/open', (_request, reply) => {
    void reply.sse().send('one')
  })
  app.get('/source', (_request, reply) => reply.sse(['a', 'b']))
  const client = await RawClient.connect(await app.listen({ port: 0, host: '127.0.0.1' }))
  return { app, lines, client }
}

test('a stream is logged at debug when it opens and when it ends; a client that disconnects is not an error', async () => {
  const { app, lines, client } = await start({})
  client.get('/open')
  await client.receives('one')
  expect(lines).toMatchObject([{ level: 20, msg: 'event stream opened' }])
  client.reset()
  await eventually('the second line', () => lines.length === 2)
  expect(lines[1]).toMatchObject({
    level: 20,
    msg: 'event stream over',
    code: 'ERR_SSE_CLIENT_CLOSED',
    events: 1,
  })
  expect(Number.isInteger(lines[1]?.duration)).toBe(true)
  await app.close()
})

test('log is the level of both lines', async () => {
  const { app, lines, client } = await start({ log: 'info' }, 'info')
  client.get('/source')
  await eventually('both lines', () => lines.length === 2)
  expect(lines).toMatchObject([{ level: 30 }, { level: 30, code: 'ERR_SSE_CLOSED', events: 2 }])
  await app.close()
})

// docs/monitoring.md: the level of a route drops the lines of Fastify, and would drop these too.
test('lines of the level of their route are the only ones that it logs', async () => {
  const lines: Line[] = []
  const stream = new Writable({
    write(text, _encoding, done) {
      lines.push(JSON.parse(String(text)))
      done()
    },
  })
  const app = fastify({ logger: { level: 'info', stream } })
  await app.register(sse, { log: 'warn' })
  app.get('/', { logLevel: 'warn' }, (_request, reply) => reply.sse(['a']))
  expect((await app.inject('/')).payload).toContain('data: a')
  await eventually('both lines', () => lines.length >= 2)
  expect(lines.map(({ msg }) => msg)).toEqual(['event stream opened', 'event stream over'])
  await app.close()
})

test.each<[what: string, options: SseOptions, level: string]>([
  ['log: false', { log: false }, 'debug'],
  ['a level that is off', {}, 'info'],
])('%s logs nothing, and a stream that is over from the start is not logged', async (_, options, level) => {
  const { app, lines, client } = await start(options, level)
  client.get('/source')
  await client.receives('data: b')
  await app.inject({ method: 'HEAD', url: '/open' })
  await app.close()
  expect(lines).toEqual([])
})

// Fastify's stand-in for a logger has no isLevelEnabled(). Two lines that nobody sees cost three kilobytes per stream.
test('without a logger no line is prepared', async () => {
  const app = fastify()
  await app.register(sse)
  const debug = jest.spyOn(app.log, 'debug')
  app.get('/', (_request, reply) => reply.sse(['a']))
  expect((await app.inject('/')).payload).toContain('data: a')
  await app.close()
  expect(debug).not.toHaveBeenCalled()
})

test('an unknown level is refused', async () => {
  const app = fastify()
  await expect(async () => app.register(sse, { log: 'verbose' as 'info' })).rejects.toThrow(
    "Option log must be 'trace', 'debug', 'info', 'warn', 'error', 'fatal' or false",
  )
})
