import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createHub, type EventStream, type Hub, openEventStream } from '@downstream/core'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { launchChromium, launchWholeChromium } from '../../../../test/browser/chromium.ts'
import { Journal, until } from '../../../../test/clients/journal.ts'
import { FaultyProxy } from '../../../redis/test/harness/faulty-proxy.ts'
import { servePage } from './page.ts'

let browser: Browser
let context: BrowserContext
let hub: Hub<{ numbers: { number: number } }>
let server: Server
let proxy: FaultyProxy
let streams: Journal<EventStream>
let published: number
let requests: number
/** The Retry-After of a server that cannot answer now; undefined: it can. */
let retryAfter: string | undefined

beforeAll(async () => {
  browser = await launchChromium()
})

beforeEach(async () => {
  hub = createHub()
  published = 0
  requests = 0
  retryAfter = undefined
  streams = new Journal()
  server = createServer((req, res) => {
    if (req.url !== '/events') {
      servePage(req, res)
      return
    }
    requests++
    if (retryAfter !== undefined) {
      res.writeHead(503, { 'Retry-After': retryAfter }).end()
      return
    }
    const stream = openEventStream(req, res, { retry: 100, keepAlive: 200 })
    streams.add(stream)
    hub.subscribe(stream, 'numbers')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  proxy = await FaultyProxy.open((server.address() as AddressInfo).port)
})

afterEach(async () => {
  await context?.close()
  proxy.close()
  await hub.close({ server })
})

afterAll(() => browser?.close())

async function openPage(query = '', inBrowser = browser): Promise<Page> {
  context = await inBrowser.newContext()
  const page = await context.newPage()
  await page.goto(
    `http://127.0.0.1:${proxy.port}/?after=${encodeURIComponent(JSON.stringify(hub.cursor()))}${query}`,
  )
  await page.waitForFunction(`states.at(-1) === 'open'`)
  return page
}

async function publish(): Promise<void> {
  await hub.publish('numbers', { event: 'number', data: published++ })
}

async function expectAll(page: Page): Promise<void> {
  await page.waitForFunction(`received.at(-1) >= ${published - 1}`)
  expect(await page.evaluate('received')).toEqual(Array.from({ length: published }, (_, number) => number))
}

test('a connection whose packets are dropped is noticed within silence and 1 s, and nothing is lost', async () => {
  const page = await openPage('&silence=2000')
  await publish()
  await expectAll(page)
  proxy.blackHole('old')
  await publish()
  // Timers of one page fire in order, however busy the machine is.
  const first = page.evaluate(`new Promise((resolve) => {
    const timer = setTimeout(resolve, 3000, 'too late')
    const opened = states.length
    setInterval(() => states.length > opened && resolve(states[opened]), 10)
  })`)
  expect(await first).toBe('waiting')
  await expectAll(page)
  expect(streams.entries).toHaveLength(2)
})

test('when the network is back it connects at once, whatever it was waiting for', async () => {
  // A minute, at least.
  const page = await openPage('&retry={"min":60000,"max":60000}')
  ;(await streams.at(0)).send({ retry: 60_000 })
  await publish()
  await expectAll(page)
  await context.setOffline(true)
  proxy.cut()
  await page.waitForFunction(`states.at(-1) === 'waiting'`)
  await publish()
  await context.setOffline(false)
  await expectAll(page)
  expect(streams.entries).toHaveLength(2)
})

test('a page that becomes visible ends its wait, but not one that the server has asked for', async () => {
  const page = await openPage()
  const show = () => page.evaluate(`document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))`)
  // A minute, at least.
  ;(await streams.at(0)).send({ retry: 60_000 })
  await publish()
  await expectAll(page)
  proxy.cut()
  await page.waitForFunction(`states.at(-1) === 'waiting'`)
  await publish()
  await show()
  await expectAll(page)
  expect(requests).toBe(2)

  retryAfter = '3600'
  proxy.cut()
  await page.waitForFunction(`states.at(-1) === 'waiting 503'`)
  expect(requests).toBe(3)
  retryAfter = undefined
  await show()
  // This ends any wait. If the page had connected before, there would be one request more.
  await page.evaluate(`dispatchEvent(new Event('online'))`)
  await publish()
  await expectAll(page)
  expect(requests).toBe(4)
})

describe('the back button', () => {
  let whole: Browser

  beforeAll(async () => {
    whole = await launchWholeChromium()
  })

  afterAll(() => whole?.close())

  test.each(['', '&share=true'])(
    'a page is kept for the back button, without a connection, and resumes where it was (%s)',
    async (query) => {
      const page = await openPage(query, whole)
      await publish()
      await expectAll(page)
      await page.evaluate('window.isTheSame = true')
      await page.goto(`http://127.0.0.1:${proxy.port}/other`)
      const [stream] = streams.entries as [EventStream]
      await until(() => stream.closed)
      await publish()
      await page.goBack({ waitUntil: 'commit' })
      await expectAll(page)
      expect(await page.evaluate('isTheSame')).toBe(true)
      await publish()
      await expectAll(page)
    },
  )
})

test('a page that was frozen, as by a sleep, notices that its connection is dead and reconnects', async () => {
  const page = await openPage('&silence=2000')
  await publish()
  await expectAll(page)
  const session = await context.newCDPSession(page)
  await session.send('Page.setWebLifecycleState', { state: 'frozen' })
  proxy.blackHole('old')
  await publish()
  await sleep(3_000)
  await session.send('Page.setWebLifecycleState', { state: 'active' })
  await expectAll(page)
})
