// The Prometheus recipe of docs/monitoring.md is run as it stands there.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { eventually, RawClient } from '@downstream/testing'
import { SnippetProject, snippets } from './snippet-project.ts'
import { onSources } from './sources/on-sources.ts'

const project = new SnippetProject()
let app: ChildProcess
let origin: string

beforeAll(async () => {
  const recipe = snippets('docs/monitoring.md').find(({ code }) => code.includes("from 'prom-client'"))
  const listen =
    'const server = app.listen(0, () => console.log((server.address() as { port: number }).port))'
  project.write('app.ts', String(recipe?.code.replace('app.listen(3000)', listen)))
  app = spawn(process.execPath, [...onSources, 'app.ts'], {
    cwd: project.folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [port] = await once(createInterface({ input: app.stdout as NodeJS.ReadableStream }), 'line')
  origin = `http://127.0.0.1:${port}`
})

afterAll(() => {
  app?.kill('SIGKILL')
  project.remove()
})

/** The value of a series. */
async function read(series: string): Promise<number> {
  const text = await (await fetch(`${origin}/metrics`)).text()
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.slice(series.length) ?? 0,
  )
}

test('streams that open and end move the series', async () => {
  const clients = await Promise.all([1, 2].map(() => RawClient.connect(origin)))
  for (const client of clients) client.get('/events')
  await Promise.all(clients.map((client) => client.receives(':\n\n')))
  expect(await read('sse_streams_open')).toBe(2)
  expect(await read('sse_time_to_headers_seconds_count')).toBe(2)
  expect(await read('sse_log_up')).toBe(1)
  expect(await read('sse_hub_behind_seconds')).toBe(0)
  for (const client of clients) client.close()
  await eventually('the ends', async () => (await read('sse_streams_open')) === 0)
  expect(await read('sse_streams_closed_total{code="ERR_SSE_CLIENT_CLOSED"}')).toBe(2)
  expect(await read('sse_stream_lifetime_minutes_count')).toBe(2)
})
