import { eventually } from '@downstream/testing'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { launchChromium } from '../../../../test/browser/chromium.ts'
import { LogServer } from './log-server.ts'

// The globals of the functions that run in a page.
declare const document: {
  createElement(name: string): { src: string; id: string }
  body: { append(element: unknown): void }
  getElementById(id: string): { remove(): void; contentWindow: { received: Received } }
}

type Received = (number | ['snapshot', number])[]

let browser: Browser
let context: BrowserContext
let server: LogServer
let publishing: NodeJS.Timeout

beforeAll(async () => {
  browser = await launchChromium()
})

beforeEach(async () => {
  server = await LogServer.start()
  context = await browser.newContext()
})

afterEach(async () => {
  clearInterval(publishing)
  await context.close()
  await server.close()
})

afterAll(() => browser?.close())

async function openTab(number: number, query = 'share=true'): Promise<Page> {
  const page = await context.newPage()
  await page.goto(`${server.url}/?tab=${number}&${query}`)
  return page
}

function receivedBy(page: Page): Promise<Received> {
  return page.evaluate('received')
}

/** Everything from its snapshot up to number `last`, once and in order. */
function expectAll(received: Received, last = lastOf(received)): void {
  const [first, ...numbers] = received as [['snapshot', number], ...number[]]
  expect(first?.[0]).toBe('snapshot')
  const start = first?.[1] as number
  if (numbers.length === 0 && start === last) return
  expect(numbers).toEqual(Array.from({ length: last - start }, (_, index) => start + index + 1))
}

function lastOf(received: Received): number {
  return [received.at(-1)].flat().at(-1) as number
}

function leader(): string | undefined {
  const [stream] = server.streams
  return server.streams.size === 1 ? stream?.page.match(/tab=(\w+)/)?.[1] : undefined
}

async function waitForNumber(page: Page, number: number): Promise<void> {
  await page.waitForFunction(`[received.at(-1)].flat().at(-1) === ${number}`)
}

test('tabs share one connection; when its tab is closed, another tab continues', async () => {
  const pages = new Map<string, Page>()
  for (let n = 0; n < 10; n++) pages.set(String(n), await openTab(n))
  for (let n = 0; n < 5; n++) {
    await eventually('one stream', () => leader() !== undefined)
    server.publish()
    for (const page of pages.values()) await waitForNumber(page, server.published)
    const name = String(leader())
    const page = pages.get(name) as Page
    pages.delete(name)
    await page.close()
    server.publish()
  }
  await eventually('one stream', () => leader() !== undefined)
  server.publish()
  for (const page of pages.values()) {
    await waitForNumber(page, server.published)
    expectAll(await receivedBy(page), server.published)
    expect(await page.evaluate('states.at(-1)')).toBe('open')
  }
  // One request per tab for what it missed, and one stream per leader.
  expect(server.requests).toBeLessThan(10 + 6 + 6 * 10)
})

// Frames instead of tabs: the same for Web Locks and BroadcastChannel, and fast to open.
test('30 tabs have one connection, and lose or repeat nothing while its owner is closed 100 times under load', async () => {
  const page = await context.newPage()
  await page.goto(`${server.url}/other`)
  let opened = 0
  const open = async () => {
    await page.evaluate((number) => {
      const frame = document.createElement('iframe')
      frame.src = `/?tab=${number}&share=true`
      frame.id = `tab${number}`
      document.body.append(frame)
    }, opened++)
  }
  for (let n = 0; n < 30; n++) await open()
  await page.waitForFunction(`Array.from(frames).every((frame) => frame.states?.includes('open'))`)
  await eventually('one stream', () => leader() !== undefined)

  const closed = new Set<string>()
  // Every tab receives every event, so a machine that is slow must not receive more of them.
  let left = 0
  publishing = setInterval(() => {
    if (left-- > 0) server.publish()
  }, 10)
  while (closed.size < 100) {
    left = 200
    await eventually('five more events', () => left <= 195)
    let name = ''
    await eventually('another leader', () => {
      name = leader() ?? ''
      // The server may not have noticed yet that the last one was closed.
      return name !== '' && !closed.has(name)
    })
    closed.add(name)
    const received = await page.evaluate((id) => {
      const frame = document.getElementById(id)
      const { received } = frame.contentWindow
      frame.remove()
      return received
    }, `tab${name}`)
    if (received.length > 0) expectAll(received)
    await open()
  }
  clearInterval(publishing)
  await page.waitForFunction(
    `Array.from(frames).every(({ received }) => [received?.at(-1)].flat().at(-1) === ${server.published})`,
  )
  const all: Received[] = await page.evaluate('Array.from(frames).map(({ received }) => received)')
  expect(all).toHaveLength(30)
  for (const received of all) expectAll(received, server.published)
  expect(server.streams.size).toBe(1)
})
