// The OpenTelemetry recipes of docs/monitoring.md on the real instrumentation.
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually, RawClient } from '@downstream/testing'
import { AppProcess } from './app-process.ts'

interface Line {
  span?: string
  kind?: number
  id?: string
  trace?: string
  parent?: string
  links?: string[]
  attributes?: Record<string, unknown>
  metric?: string
  value?: number
}

const STREAMS = 1_000
const stream = { Accept: 'text/event-stream' }
let app: AppProcess
let origins: Record<'express' | 'fastify', string>

beforeAll(async () => {
  app = new AppProcess('measured-app.cjs')
  const { express, fastify } = await app.ports<'express' | 'fastify'>()
  origins = { express: `http://127.0.0.1:${express}`, fastify: `http://127.0.0.1:${fastify}` }
})
afterAll(() => app.kill())
beforeEach(() => void app.lines.splice(0))

const lines = () => app.lines as Line[]
const spans = (name: string) => lines().filter(({ span }) => span === name)

describe.each(['express', 'fastify'] as const)('with %s', (framework) => {
  test("the server's span ends with the headers, and a span that is linked to it ends with the stream", async () => {
    const client = await RawClient.connect(origins[framework])
    const trace = '0af7651916cd43dd8448eb211c80319c'
    client.get('/events?token=secret', { ...stream, traceparent: `00-${trace}-b7ad6b7169203331-01` })
    await client.receives('data: first\n\n')
    await eventually('the span', () => spans('GET /events').length > 0)
    const [opened] = spans('GET /events')
    expect(opened).toMatchObject({ kind: 1, trace, parent: 'b7ad6b7169203331' })
    expect(client.ended).toBe(false)
    client.reset()
    await eventually('the end', () => spans('event stream over').length > 0)
    expect(spans('event stream over')).toMatchObject([
      { links: [opened?.id], attributes: { 'sse.code': 'ERR_SSE_CLIENT_CLOSED', 'sse.events': 1 } },
    ])
    expect(spans('GET /events')).toHaveLength(1)
    // No other span: the instrumentations of HTTP and of the framework add none for the stream.
    expect(lines().filter(({ span }) => span !== undefined)).toHaveLength(2)
  })

  test('a thousand streams do not count in the durations of requests', async () => {
    const clients = await Promise.all(
      Array.from({ length: STREAMS }, () => RawClient.connect(origins[framework])),
    )
    for (const client of clients) client.get('/events', stream)
    await Promise.all(clients.map((client) => client.receives('data: first\n\n')))
    // Long, for a request.
    await sleep(500)
    for (let n = 0; n < 20; n++) await (await fetch(`${origins[framework]}/ping`)).text()
    for (const client of clients) client.reset()
    await eventually('the ends', () => spans('event stream over').length === STREAMS)
    const durations = lines().filter(({ metric }) => metric?.startsWith('http.server'))
    // Only the pings have a duration, so streams change no percentile.
    expect(durations).toHaveLength(20)
    expect(spans('GET /events')).toHaveLength(STREAMS)
  })
})
