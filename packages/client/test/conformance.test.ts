// What the client does on every runtime, with a real server. test/runtimes runs it on Bun and Deno.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createHub, createRuns, type EventsOf, openEventStream } from '@downstream/core'
import { eventually } from '@downstream/testing'
import { type ConnectOptions, connect } from '../src/index.ts'

describe('The client', () => {
  const retry = { min: 1, max: 20 }
  const hub = createHub<{ numbers: { number: { n: number } } }>()
  const runs = createRuns()
  let server: Server
  let url: string
  let requests: Pick<IncomingMessage, 'method' | 'headers'>[] = []
  let refuse: ((res: ServerResponse) => void) | undefined
  let n = 0
  const sockets = new Set<IncomingMessage['socket']>()

  beforeAll(async () => {
    server = createServer(async (req, res) => {
      sockets.add(req.socket)
      requests.push({ method: req.method, headers: req.headers })
      if (refuse) {
        refuse(res)
      } else if (req.url === '/run') {
        if (req.method === 'POST') await runs.start('run', words)
        await runs.follow(openEventStream(req, res, { retry: 100 }), 'run')
      } else {
        hub.subscribe(openEventStream(req, res, { retry: 100 }), 'numbers')
      }
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })

  afterAll(async () => {
    await runs.close()
    await hub.close({ server })
  })

  async function* words() {
    yield { event: 'token', data: 'Hello' }
    yield { event: 'token', data: 'wörld 😀' }
  }

  function cut(): void {
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }

  function publish(): void {
    hub.publish('numbers', { event: 'number', data: { n: n++ } })
  }

  /** Follows the numbers from the current one, while `meanwhile` runs, until it has the last one. */
  async function receiveAll(options: ConnectOptions, meanwhile: (received: number[]) => Promise<void>) {
    const first = n
    requests = []
    const source = connect<EventsOf<typeof hub, 'numbers'>>(url, { retry, after: hub.cursor(), ...options })
    const received: number[] = []
    const states: string[] = []
    source.on('number', ({ n }) => received.push(n))
    source.onState((state) => states.push(state))
    try {
      await meanwhile(received)
      publish()
      await eventually('the last number', () => received.at(-1) === n - 1)
    } finally {
      source.close()
    }
    assert.deepEqual(
      received,
      Array.from({ length: n - first }, (_, index) => first + index),
    )
    assert.equal(states.at(-1), 'closed')
    await eventually('no stream is open', () => hub.stats().streams === 0)
  }

  test('receives everything once despite cuts, and resumes after its id', () =>
    receiveAll({}, async (received) => {
      for (let round = 0; round < 3; round++) {
        publish()
        await eventually('a number', () => received.at(-1) === n - 1)
        cut()
        publish()
      }
      await eventually('four requests', () => requests.length === 4)
    }))

  test('reconnects after a 503 and after HTML', () =>
    receiveAll({}, async (received) => {
      publish()
      await eventually('a number', () => received.at(-1) === n - 1)
      let refused = 0
      refuse = (res) => {
        if (refused++ % 2) res.writeHead(200, { 'Content-Type': 'text/html' })
        else res.writeHead(503)
        res.end()
        if (refused === 4) refuse = undefined
      }
      cut()
      await eventually('refusals', () => refused === 4)
    }))

  test('requests fresh headers after a 401, once', () =>
    receiveAll({ headers: async (error) => ({ 'X-Token': `${error?.status}` }) }, async () => {
      refuse = (res) => {
        refuse = undefined
        res.writeHead(401).end()
      }
      await eventually('two requests', () => requests.length === 2)
      assert.deepEqual(
        requests.map(({ headers }) => headers['x-token']),
        ['undefined', '401'],
      )
    }))

  test('shares a connection if possible, and opens its own if not', () =>
    receiveAll({ share: true }, async (received) => {
      publish()
      await eventually('a number', () => received.at(-1) === n - 1)
    }))

  test('sends a POST, loops over its answer and ends with it', async () => {
    requests = []
    const source = connect<{ token: string; end: { status: string } }>(`${url}/run`, {
      method: 'POST',
      body: 'Say hello',
      resume: `${url}/run`,
    })
    const received: unknown[] = []
    for await (const { event, data } of source) received.push([event, data])
    assert.deepEqual(received, [
      ['token', 'Hello'],
      ['token', 'wörld 😀'],
      ['end', { status: 'done' }],
    ])
    assert.deepEqual(
      requests.map(({ method }) => method),
      ['POST'],
    )
  })

  test('a loop throws the error that ended it', async () => {
    refuse = (res) => void res.writeHead(404).end()
    const loop = async () => {
      for await (const _ of connect(url));
    }
    await assert.rejects(loop(), { status: 404 })
    refuse = undefined
  })
})
