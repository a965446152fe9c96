// The OpenTelemetry recipe of docs/monitoring.md on the real instrumentation.
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
let origin: string

beforeAll(async () => {
  app = new AppProcess('measured-app.cjs')
  const { express } = await app.ports<'express'>()
  origin = `http://127.0.0.1:${express}`
})
afterAll(() => app.kill())
beforeEach(() => void app.lines.splice(0))

const lines = () => app.lines as Line[]
const spans = (name: string) => lines().filter(({ span }) => span === name)

test("the server's span ends with the headers, and one that is linked to it with the stream", async () => {
  const client = await RawClient.connect(origin)
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
})

test('a thousand streams are not in the durations of requests', async () => {
  const clients = await Promise.all(Array.from({ length: STREAMS }, () => RawClient.connect(origin)))
  for (const client of clients) client.get('/events', stream)
  await Promise.all(clients.map((client) => client.receives('data: first\n\n')))
  // Long, for a request.
  await sleep(500)
  for (let n = 0; n < 20; n++) await (await fetch(`${origin}/ping`)).text()
  for (const client of clients) client.reset()
  await eventually('the ends', () => spans('event stream over').length === STREAMS)
  const durations = lines().filter(({ metric }) => metric?.startsWith('http.server'))
  // Those of the pings, and of nothing else: so no percentile of them has moved.
  expect(durations).toHaveLength(20)
  expect(spans('GET /events')).toHaveLength(STREAMS)
})
