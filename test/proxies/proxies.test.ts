import type { EventStream, EventStreamOptions } from '@downstream/core'
import { eventually, RawClient } from '@downstream/testing'
import { Journal } from '../clients/journal.ts'
import { closeServers, servers, type TestServer } from '../clients/servers.ts'
import { proxies, type TestedProxy } from './proxies.ts'
import { RunningProxy } from './running-proxy.ts'

/** Longer than any test, so that no test depends on it. */
const NEVER = 600
/** In seconds. */
const SOON = 2
/** In ms. Several of them fit into `SOON`. */
const OFTEN = 200

describe.each(proxies)('$name, as in docs/proxies.md', (proxy) => {
  let app: TestServer
  let running: RunningProxy
  let streams: Journal<EventStream>
  let options: EventStreamOptions
  const clients: RawClient[] = []

  function startApp(port?: number): Promise<TestServer> {
    const [express] = servers as [(typeof servers)[number]]
    return express.start(
      {
        '/events': (sse, { raw }) => {
          // As a crashing app does.
          if (raw.headers['x-crash']) raw.socket.destroy()
          else streams.add(sse(options))
        },
      },
      port === undefined ? {} : { port },
    )
  }

  async function open(headers: Record<string, string> = {}, path = '/events'): Promise<RawClient> {
    const client = await RawClient.connect(running.url)
    clients.push(client)
    client.get(path, headers)
    return client
  }

  beforeAll(async () => {
    app = await startApp()
    running = await RunningProxy.start(proxy, { appPort: app.port, idleSeconds: NEVER })
  })

  beforeEach(() => {
    streams = new Journal()
    options = {}
  })

  afterEach(() => {
    for (const client of clients.splice(0)) client.close()
  })

  afterAll(async () => {
    await running?.stop()
    await closeServers()
  })

  test('each event arrives when it is sent, uncompressed', async () => {
    const client = await open({ 'Accept-Encoding': 'gzip, br' })
    await client.receives('HTTP/1.1 200')
    await client.receives(':\n\n')
    const stream = await streams.at(0)
    for (const data of ['one', 'two']) {
      await stream.send(data)
      await client.receives(`data: ${data}\n\n`)
    }
    expect(client.text).toMatch(/^content-type: text\/event-stream\r$/im)
  })

  test('an event of a compressed stream arrives when it is sent, and is not compressed again', async () => {
    options = { compression: 'own' }
    const controller = new AbortController()
    const response = await fetch(`${running.url}/events`, { signal: controller.signal })
    expect(response.headers.get('content-encoding')).toBe('gzip')
    let text = ''
    const stream = await streams.at(0)
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    for (const data of ['one', 'two two two two two two two two two two two two two two two two two two']) {
      await stream.send(data)
      while (!text.includes(`data: ${data}\n\n`)) text += (await reader?.read())?.value
    }
    controller.abort()
  })

  test('a last event id reaches the app', async () => {
    await open({ 'Last-Event-ID': '17' })
    expect((await streams.at(0)).lastEventId).toBe('17')
  })

  const how = proxy.noticesDisconnects ? 'at once' : 'when a comment is sent'
  test(`the app notices that a client has disconnected ${how}`, async () => {
    options = { keepAlive: proxy.noticesDisconnects ? false : OFTEN }
    const client = await open()
    await client.receives(':\n\n')
    const { signal } = await streams.at(0)
    client.close()
    await eventually('the stream is over', () => signal.aborted)
    expect(signal.reason.code).toBe('ERR_SSE_CLIENT_CLOSED')
  })

  test('two clients get a stream each', async () => {
    const [first, second] = [await open(), await open()]
    const [one, two] = await streams.first(2)
    await one?.send('for one')
    await two?.send('for two')
    await Promise.all([first.receives('data: for '), second.receives('data: for ')])
    const texts = [first, second].map(({ events }) => events.map(({ data }) => data).join())
    expect(texts.sort()).toEqual(['for one', 'for two'])
  })

  test('a client whose request ended with the app is told to reconnect', async () => {
    const client = await open({ 'X-Crash': '1' })
    await expectReconnect(client)
  })

  test('an error response of the app reaches the client', async () => {
    const client = await open({}, '/events/none')
    await client.receives('Cannot GET /events/none')
    expect(client.text).toMatch(/^HTTP\/1.1 404 /)
  })

  test('while the app is down clients are told to reconnect, and then they are served', async () => {
    await app.close()
    const client = await open()
    await expectReconnect(client)
    app = await startApp(app.port)
    while (streams.entries.length === 0) {
      const next = await open()
      await next.receives('\n\n')
      expect(next.text).toMatch(/^HTTP\/1.1 200 /)
    }
  })
})

/** Anything else ends an EventSource permanently. */
async function expectReconnect(client: RawClient): Promise<void> {
  await client.receives('\r\n\r\n')
  expect(client.text).toMatch(/^HTTP\/1.1 200 /)
  expect(client.text).toMatch(/^content-type: text\/event-stream\r$/im)
  expect(client.text).toMatch(/^cache-control: no-store\r$/im)
  await client.receives('retry: 2000\n')
}

test.each([
  ['the app', 'own'],
  ['nginx', false],
] as const)(
  'nginx with gzip on: an event that %s compresses arrives when it is sent, and is not compressed twice',
  async (_, compression) => {
    const [express] = servers as [(typeof servers)[number]]
    const [nginx] = proxies as [TestedProxy]
    const streams = new Journal<EventStream>()
    const app = await express.start({ '/events': (sse) => void streams.add(sse({ compression })) })
    // nginx ignores Cache-Control: no-transform, but not a Content-Encoding.
    const gzip = 'gzip on; gzip_types text/event-stream; gzip_proxied any; gzip_min_length 0;'
    const running = await RunningProxy.start(
      { ...nginx, configure: (settings, ...rest) => nginx.configure(`${gzip} ${settings}`, ...rest) },
      { appPort: app.port, idleSeconds: NEVER },
    )
    const controller = new AbortController()
    try {
      const response = await fetch(`${running.url}/events`, { signal: controller.signal })
      expect(response.headers.get('content-encoding')).toBe('gzip')
      const stream = await streams.at(0)
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
      let text = ''
      for (const data of ['one', `two ${'again and '.repeat(20)}`]) {
        await stream.send(data)
        while (!text.includes(`data: ${data}\n\n`)) text += (await reader?.read())?.value
      }
    } finally {
      controller.abort()
      await running.stop()
      await closeServers()
    }
  },
)

// All proxies at once, because each takes some seconds.
test('every proxy ends a silent stream at its time limit, but not one with comments', async () => {
  const [express] = servers as [(typeof servers)[number]]
  const app = await express.start({
    '/events': (sse, { raw }) => sse({ keepAlive: raw.headers['x-silent'] ? false : OFTEN }),
  })
  const outcomes = proxies.map(async (proxy) => {
    const running = await RunningProxy.start(proxy, { appPort: app.port, idleSeconds: SOON })
    try {
      const [commented, silent] = [await RawClient.connect(running.url), await RawClient.connect(running.url)]
      commented.get('/events')
      await commented.receives(':\n\n')
      silent.get('/events', { 'X-Silent': '1' })
      await silent.receives(':\n\n')
      await silent.ends()
      const before = commented.bytesReceived
      await eventually(`another comment through ${proxy.name}`, () => commented.bytesReceived > before)
    } finally {
      await running.stop()
    }
  })
  const settled = await Promise.allSettled(outcomes)
  const failures = settled.flatMap((outcome, index) =>
    outcome.status === 'rejected' ? [`${proxies[index]?.name}: ${outcome.reason}`] : [],
  )
  await closeServers()
  expect(failures).toEqual([])
})
