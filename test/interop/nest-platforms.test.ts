import { eventually, RawClient } from '@downstream/testing'
import { AppProcess } from './app-process.ts'

let app: AppProcess
beforeAll(() => {
  app = new AppProcess('nest-platforms-app.ts')
})
afterAll(() => app.kill())

const platforms = ['Express', 'Fastify'] as const

test.each(platforms)(
  'a route of Nest on %s streams, and notices that a client disconnects',
  async (platform) => {
    const origin = `http://127.0.0.1:${(await app.ports())[platform]}`
    expect(await (await fetch(`${origin}/news/finite`)).text()).toContain('data: one\n\ndata: two\n\n')

    const client = await RawClient.connect(origin)
    client.get('/news/open')
    await client.receives('data: first\n\n')
    expect(app.lines).toEqual([])
    client.reset()
    await eventually('the end of the stream', () => app.lines.length > 0)
    expect(app.lines.splice(0)).toEqual(['ERR_SSE_CLIENT_CLOSED'])
  },
)

// It called a `next` that middie already used for other requests: the process ended, or another client got the error.
test('the error of a source under a middleware of Nest on Fastify is a process warning, and reaches no other client', async () => {
  const origin = `http://127.0.0.1:${(await app.ports()).Middie}`
  const text = (path: string) => fetch(`${origin}/raw/${path}`).then((response) => response.text())
  const texts = await Promise.all([text('fails'), text('plain'), text('fails'), text('plain')])
  expect(texts).toEqual(['retry: 3000\n:\n\n', 'fine', 'retry: 3000\n:\n\n', 'fine'])
  await eventually('the warnings', () => app.lines.length === 2)
  expect(app.lines.splice(0)).toEqual(['of the source', 'of the source'])
  expect(await text('plain')).toBe('fine')
})

test('a shutdown of Nest ends open streams, and the process exits by itself', async () => {
  const ports = await app.ports<(typeof platforms)[number]>()
  const clients = await Promise.all(
    platforms.map((name) => RawClient.connect(`http://127.0.0.1:${ports[name]}`)),
  )
  for (const client of clients) {
    client.get('/news/open')
    await client.receives('data: first\n\n')
  }
  app.kill('SIGTERM')
  for (const client of clients) await client.receives('0\r\n\r\n')
  await eventually('the end of the process', () => app.exitCode !== null)
  expect([app.exitCode, app.lines]).toEqual([0, ['ERR_SSE_SHUTDOWN', 'ERR_SSE_SHUTDOWN']])
})
