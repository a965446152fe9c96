// A client that stops at the end of a response and reconnects only after an error.
import { createHub } from '@downstream/core'
import { eventually } from '@downstream/testing'
import { fetchEventSource } from '@microsoft/fetch-event-source'
import { proxies } from '../proxies/proxies.ts'
import { RunningProxy } from '../proxies/running-proxy.ts'
import { closeServers, servers } from './servers.ts'

// The only globals of a page that it uses.
const page = {
  window: { fetch, setTimeout, clearTimeout },
  document: Object.assign(new EventTarget(), { hidden: false }),
}

beforeAll(() => {
  Object.assign(globalThis, page)
})

afterAll(() => {
  for (const name of Object.keys(page)) Reflect.deleteProperty(globalThis, name)
})

afterEach(closeServers)

describe.each(servers)('$server', ({ start }) => {
  test.each(['itself', 'nginx'])(
    '@microsoft/fetch-event-source returns from every maxAge, 0 lost: by %s',
    async (way) => {
      const hub = createHub()
      const lastIds: string[] = []
      const server = await start({
        '/events': (sse) => {
          const stream = sse({ abruptEnd: true, maxAge: 300, retry: 100 })
          lastIds.push(stream.lastEventId)
          hub.subscribe(stream, 'news')
        },
      })
      const [nginx] = proxies
      const proxy =
        way === 'nginx' && nginx
          ? await RunningProxy.start(nginx, { appPort: server.port, idleSeconds: 600 })
          : undefined
      const leaving = new AbortController()
      const data: string[] = []
      try {
        void fetchEventSource(`${proxy?.url ?? server.url}/events`, {
          signal: leaving.signal,
          onmessage: (message) => message.event === 'n' && data.push(message.data),
        })
        await eventually('the first stream', () => lastIds.length === 1)
        const sent: string[] = []
        while (lastIds.length < 5 && sent.length < 1_000) {
          sent.push(String(sent.length))
          await hub.publish('news', { event: 'n', data: sent.at(-1) })
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
        await eventually('all events', () => data.length >= sent.length)
        expect(data).toEqual(sent)
        expect(lastIds.length).toBeGreaterThanOrEqual(5)
        expect(lastIds.slice(1)).not.toContain('')
      } finally {
        leaving.abort()
        await proxy?.stop()
        await hub.close()
      }
    },
  )
})
