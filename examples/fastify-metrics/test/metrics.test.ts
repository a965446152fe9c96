import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventually, RawClient } from '@downstream/testing'
import { ExampleServer } from '../../../test/browser/example-server.ts'
import { onSources } from '../../../test/sources/on-sources.ts'

const example = join(__dirname, '..')
let server: ExampleServer

beforeAll(async () => {
  server = await ExampleServer.start('fastify-metrics', { MAX_STREAMS: '12' })
})

afterAll(() => server?.kill())

/** The value of a series in this text. */
async function read(series: string): Promise<number> {
  const response = await fetch(new URL('metrics', server.url))
  const line = (await response.text()).split('\n').find((one) => one.startsWith(`${series} `))
  return Number(line?.slice(series.length + 1) ?? 0)
}

test('the metrics change when streams open, end and are refused', async () => {
  const clients = await Promise.all(Array.from({ length: 12 }, () => RawClient.connect(server.url)))
  for (const client of clients) client.get('/events')
  await Promise.all(clients.map((client) => client.receives(':\n\n')))
  expect(await read('sse_streams_open')).toBe(12)
  expect(await read('sse_time_to_headers_seconds_count')).toBe(12)
  expect(await read('sse_log_up')).toBe(1)
  const refused = await RawClient.connect(server.url)
  refused.get('/events')
  await refused.receives('retry: ')
  expect(await read('sse_streams_refused_total{reason="total"}')).toBe(1)
  for (const client of clients) await client.receives('event: tick')
  for (const client of [...clients, refused]) client.close()
  await eventually('the ends', async () => (await read('sse_streams_open')) === 0)
  expect(await read('sse_streams_closed_total{code="ERR_SSE_CLIENT_CLOSED"}')).toBe(12)
  expect(await read('sse_stream_lifetime_minutes_count')).toBe(12)
  expect(await read('sse_events_sent_total')).toBeGreaterThanOrEqual(12)
})

test('the load changes the metrics', async () => {
  const env = { ...process.env, URL: server.url.replace(/\/$/, ''), CLIENTS: '5' }
  const load = spawn(process.execPath, [...onSources, 'src/load.ts'], {
    cwd: example,
    env,
    stdio: 'ignore',
  })
  try {
    await eventually('open streams', async () => (await read('sse_streams_open')) > 0)
  } finally {
    load.kill()
  }
})

test('the dashboard queries series that exist', async () => {
  const metrics = await (await fetch(new URL('metrics', server.url))).text()
  const dashboard = readFileSync(join(example, 'grafana.json'), 'utf8')
  const asked = new Set(dashboard.match(/sse_\w+/g))
  expect(asked.size).toBeGreaterThan(6)
  for (const name of asked) expect(metrics).toContain(`# TYPE ${name.replace(/_bucket$/, '')} `)
})
