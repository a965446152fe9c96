import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createHub, type Hub, openEventStream } from '@downstream/core'
import { eventually } from '@downstream/testing'
import { createParser } from 'eventsource-parser'
import type { Browser } from 'playwright-core'
import { begin } from '../../packages/core/test/stream/begin.ts'
import { useFakeClock, useRealClock } from '../../packages/core/test/stream/fake-clock.ts'
import { launchChromium } from './chromium.ts'
import { CuttingProxy } from './cutting-proxy.ts'

const page = readFileSync(join(__dirname, '../../docs/browsers.md'), 'utf8')
const script = /^```js\n(let source\nlet timer\n.*?)^```$/ms.exec(page)?.[1]
if (script === undefined) throw new Error('docs/browsers.md has no watchdog')
const watchdog = script

const INTERVAL = 15_000

describe('the watchdog of docs/browsers.md, in simulated time', () => {
  /** Acts as an EventSource on a stream whose bytes arrive while `flows`. */
  class Connection extends EventTarget {
    static readonly all: Connection[] = []
    readonly url: string
    readonly stream = begin({ keepAlive: INTERVAL, heartbeat: 'ping' })
    flows = true
    lastEventId = ''
    onmessage: unknown
    #read = 0
    readonly #parser = createParser({
      onEvent: ({ event = 'message', data, id }) => {
        this.lastEventId = id ?? this.lastEventId
        const { lastEventId } = this
        this.dispatchEvent(Object.assign(new Event(event), { data, lastEventId }))
      },
    })

    constructor(url: string) {
      super()
      this.url = url
      Connection.all.push(this)
    }

    close(): void {
      this.flows = false
      this.stream.port.onResponseClose()
    }

    receive(): void {
      if (!this.flows) return
      const { text } = this.stream.target
      this.#parser.feed(text.slice(this.#read))
      this.#read = text.length
    }
  }

  beforeEach(() => {
    useFakeClock()
    Connection.all.length = 0
    new Function('EventSource', 'show', watchdog)(Connection, () => {})
  })

  afterEach(() => {
    for (const connection of Connection.all) connection.close()
    useRealClock()
  })

  async function pass(ms: number, everyStep = () => {}): Promise<void> {
    for (let passed = 0; passed < ms; passed += 100) {
      everyStep()
      await jest.advanceTimersByTimeAsync(100)
      for (const connection of Connection.all) connection.receive()
    }
  }

  test('gives no false alarm in ten minutes without events', async () => {
    await pass(600_000)
    expect(Connection.all).toHaveLength(1)
  })

  test('gives none in ten minutes of events that the page does not listen for', async () => {
    await pass(600_000, () => void Connection.all[0]?.stream.stream.send({ event: 'other', data: 'x' }))
    expect(Connection.all).toHaveLength(1)
  })

  test('opens a new connection within two intervals and a second, with the id of the last event of any name', async () => {
    const [first] = Connection.all
    void first?.stream.stream.send({ event: 'other', id: 'a b', data: 'x' })
    await pass(40_000)
    if (first) first.flows = false
    await pass(2 * INTERVAL + 1_000)
    expect(Connection.all.map(({ url }) => url)).toEqual([
      '/events?lastEventId=',
      '/events?lastEventId=a%20b',
    ])
  })
})

test('a page in Chromium whose packets are dropped silently opens a new connection, and misses nothing', async () => {
  const hub: Hub = createHub()
  const lastIds: string[] = []
  const html = `<!doctype html><title>Watchdog</title><script>
    const shown = []
    const show = (data) => shown.push(data)
    ${watchdog.replace('30_000', '2_000')}</script>`
  const server: Server = createServer((req, res) => {
    if (!req.url?.startsWith('/events')) {
      res.setHeader('content-type', 'text/html').end(html)
      return
    }
    const stream = openEventStream(req, res, { keepAlive: 1_000, heartbeat: 'ping' })
    lastIds.push(stream.lastEventId)
    hub.subscribe(stream, 'news')
  })
  await new Promise<void>((resolve) => server.listen(0, resolve))
  const proxy = await CuttingProxy.start((server.address() as AddressInfo).port)
  let browser: Browser | undefined
  try {
    browser = await launchChromium()
    const tab = await browser.newPage()
    await tab.goto(proxy.url)
    await eventually('the stream', () => lastIds.length === 1)
    await hub.publish('news', { data: 'before' })
    await tab.waitForFunction('shown.length === 1')
    proxy.drop()
    await hub.publish('news', { data: 'meanwhile' })
    await tab.waitForFunction('shown.length === 2')
    await hub.publish('news', { data: 'after' })
    await tab.waitForFunction('shown.length === 3')
    expect(await tab.evaluate('shown')).toEqual(['before', 'meanwhile', 'after'])
    expect(lastIds[1]).not.toBe('')
  } finally {
    await browser?.close()
    await proxy.close()
    server.closeAllConnections()
    await hub.close()
    server.close()
  }
})
