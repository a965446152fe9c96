// Streams and hubs continue to work while the timers of the test are fake; the timers of the app are those of the test.
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { StreamGroup } from '@downstream/core'
import { createHub, createRuns, sse } from '@downstream/express'
import fastifySse from '@downstream/fastify'
import { eventually, RawClient } from '@downstream/testing'
import express from 'express'
import fastify from 'fastify'
import { root } from '../snippet-project.ts'

const hub = createHub()
let onExpress: Server
const onFastify = fastify()
const origins: Record<string, string> = {}

beforeAll(async () => {
  const app = express()
  app.use(sse({ keepAlive: 200 }))
  app.get('/news', (_req, res) => hub.subscribe(res.sse(), 'news'))
  app.get('/clock', (_req, res) => {
    const stream = res.sse({ keepAlive: false })
    const timer = setInterval(() => stream.send(new Date().toISOString()), 60_000)
    stream.signal.addEventListener('abort', () => clearInterval(timer))
  })
  onExpress = app.listen(0, '127.0.0.1')
  await new Promise((resolve) => onExpress.on('listening', resolve))
  origins.Express = `http://127.0.0.1:${(onExpress.address() as AddressInfo).port}`
  await onFastify.register(fastifySse, { keepAlive: 200 })
  onFastify.get('/news', (_request, reply) => hub.subscribe(reply.sse(), 'news'))
  origins.Fastify = await onFastify.listen({ port: 0, host: '127.0.0.1' })
})
afterEach(() => jest.useRealTimers())
afterAll(async () => {
  onExpress.closeAllConnections()
  onExpress.close()
  await Promise.all([hub.close(), onFastify.close()])
})

describe.each([
  ['all of it fake', {}],
  ['a clock that advances', { advanceTimers: true }],
  ['legacy fake timers', { legacyFakeTimers: true as const }],
])('with %s', (_what, config) => {
  test.each(['Express', 'Fastify'])('a hub on %s delivers, and keep-alive comments are sent', async (on) => {
    jest.useFakeTimers(config)
    const client = await RawClient.connect(origins[on] ?? '')
    client.get('/news')
    await client.receives('event: bookmark')
    await hub.publish('news', { data: 'while timers are fake' })
    await client.receives('data: while timers are fake\n\n')
    await client.receives('\r\n:\n\n')
    client.close()
  })

  // The turn in which it would have delivered was lost, and the hub waited for it in all later tests.
  test('a hub that has published without subscribers delivers when timers are real again', async () => {
    jest.useFakeTimers(config)
    void hub.publish('news', { data: 'to nobody' })
    jest.useRealTimers()
    const client = await RawClient.connect(origins.Express ?? '')
    client.get('/news')
    await client.receives('event: bookmark')
    await hub.publish('news', { data: 'real again' })
    await client.receives('data: real again\n\n')
    client.close()
  })
})

test('a run ends after its maxAge, and a drain after its duration', async () => {
  jest.useFakeTimers()
  const runs = createRuns()
  await runs.start('a', () => new Promise(() => {}), { maxAge: 50 })
  await eventually('the end of the run', async () => (await runs.state('a'))?.status === 'stopped')
  await runs.close({ drain: 100 })

  const group = new StreamGroup()
  const server = createServer((req, res) => {
    group
      .sse(req, res, { onSourceError: () => false })()
      .send('open')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const client = await RawClient.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  client.get('/')
  await client.receives('data: open\n\n')
  await group.close({ server, drain: 100 })
  await client.receives('0\r\n\r\n')
})

test('the timers of a route are those of the test', async () => {
  jest.useFakeTimers({ now: new Date('2026-01-01T00:00:00Z') })
  const client = await RawClient.connect(origins.Express ?? '')
  client.get('/clock')
  await client.receives('retry: 3000\n')
  jest.advanceTimersByTime(60_000)
  await client.receives('data: 2026-01-01T00:01:00.000Z\n\n')
  client.close()
})

test('a library that is loaded while timers are fake needs the real timers that docs/testing.md lists', async () => {
  const listed = /doNotFake: \[(.*?)\]/.exec(readFileSync(join(root, 'docs/testing.md'), 'utf8'))?.[1] ?? ''
  const doNotFake = [...listed.matchAll(/'(\w+)'/g)].map(([, name]) => name) as (keyof typeof globalThis)[]
  jest.useFakeTimers({ doNotFake: doNotFake as never })
  await jest.isolateModulesAsync(async () => {
    const core: typeof import('@downstream/core') = require('@downstream/core')
    const server = createServer((req, res) => {
      core.openEventStream(req, res, { keepAlive: 200 }).send('under fake timers')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const client = await RawClient.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    client.get('/')
    await client.receives('data: under fake timers\n\n')
    await client.receives('\r\n:\n\n')
    client.close()
    server.close()
  })
})
