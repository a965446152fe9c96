import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createHub, type Hub, openEventStream } from '@downstream/core'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { launchChromium } from '../../../../test/browser/chromium.ts'
import { HOLD_BACK, Nginx, STREAM } from '../../../../test/proxies/nginx.ts'
import { servePage } from './page.ts'

let browser: Browser
let context: BrowserContext
let hub: Hub<{ numbers: { number: number } }>
let server: Server
let nginx: Nginx | undefined
/** The requests: URL and Prefer. */
let requests: [url: string | undefined, prefer: unknown][]
let published: number

beforeAll(async () => {
  browser = await launchChromium()
})

beforeEach(async () => {
  hub = createHub()
  published = 0
  requests = []
  server = createServer((req, res) => {
    if (!req.url?.startsWith('/events')) {
      servePage(req, res)
      return
    }
    requests.push([req.url, req.headers.prefer])
    hub.subscribe(openEventStream(req, res, { retry: 100 }), 'numbers')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  context = await browser.newContext()
})

afterEach(async () => {
  await context.close()
  await nginx?.stop()
  await hub.close({ server })
})

afterAll(() => browser?.close())

/** An nginx with these settings, and the page through it. */
async function open(settings: string, query = ''): Promise<Page> {
  nginx = await Nginx.start([(server.address() as AddressInfo).port], settings)
  const page = await context.newPage()
  await page.goto(`${nginx.url}/?after=${encodeURIComponent(JSON.stringify(hub.cursor()))}${query}`)
  return page
}

/** Publishes some numbers, each when the page has the previous one. */
async function publishAndReceive(page: Page, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    await hub.publish('numbers', { event: 'number', data: published })
    await page.waitForFunction(`received.at(-1) === ${published++}`)
  }
}

test('through an nginx that buffers everything it polls at the same URL, and receives each event once', async () => {
  const page = await open(HOLD_BACK, '&openTimeout=1500')
  await publishAndReceive(page, 6)
  // Publish several at once, while there is no request.
  for (let n = 0; n < 50; n++) await hub.publish('numbers', { event: 'number', data: published++ })
  await page.waitForFunction(`received.at(-1) === ${published - 1}`)
  await publishAndReceive(page, 2)
  expect(await page.evaluate('received')).toEqual(Array.from({ length: published }, (_, number) => number))
  expect(await page.evaluate('states.at(-1)')).toBe('open')
  expect(new Set(requests.map(([url]) => url))).toEqual(new Set(['/events']))
  const [first, ...others] = requests.map(([, prefer]) => prefer)
  expect(first).toBeUndefined()
  expect(others.length).toBeGreaterThan(6)
  expect(others.slice(0, 2)).toEqual(['wait=1', 'wait=20'])
})

test('through an nginx that does not buffer it streams', async () => {
  const page = await open(STREAM, '&openTimeout=1500')
  await page.waitForFunction(`states.at(-1) === 'open'`)
  await publishAndReceive(page, 6)
  expect(await page.evaluate('received')).toEqual([0, 1, 2, 3, 4, 5])
  expect(requests).toEqual([['/events', undefined]])
})
