import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser, Page } from 'playwright-core'
import { launchChromium } from '../../../test/browser/chromium.ts'
import { CuttingProxy } from '../../../test/browser/cutting-proxy.ts'
import { ExampleServer } from '../../../test/browser/example-server.ts'

const newsMs = 50
const env = { NEWS_MS: String(newsMs) }

let browser: Browser
/** One for all tests, until a test ends it. */
let server: ExampleServer | undefined
let proxy: CuttingProxy
let page: Page

beforeAll(async () => {
  browser = await launchChromium()
})

beforeEach(async () => {
  server ??= await ExampleServer.start('fastify-news', env)
  proxy = await CuttingProxy.start(server.port)
  page = await (await browser.newContext()).newPage()
  await page.goto(proxy.url)
  await waitForState('open')
})

afterEach(async () => {
  await page?.context().close()
  await proxy?.close()
})

afterAll(async () => {
  await server?.kill()
  await browser?.close()
})

test('a reload loses nothing, however long the stream takes to open', async () => {
  await waitForMore(3)
  const before = await numbers()
  expectContiguous(before)

  await page.route('**/events*', async (route) => {
    await sleep(6 * newsMs)
    await route.continue()
  })
  const response = await page.reload()
  const rendered = numbersIn((await response?.text()) ?? '')
  await waitForState('open')
  await waitForMore(3)

  expectContiguous(rendered)
  expect(rendered[0]).toBeLessThanOrEqual(last(before) + 1)
  const after = await numbers()
  expectContiguous(after)
  expect(after[0]).toBe(rendered[0])
  expect(last(after)).toBeGreaterThan(last(rendered) + 5)
  await expectNoLoss()
})

test('a connection that the server cuts loses nothing', async () => {
  await page.getByRole('button', { name: 'Cut my connection' }).click()
  await expectToResume()
})

test('a dead socket loses nothing', async () => {
  await waitForMore(1)
  proxy.cut()
  await expectToResume()
})

test('going offline and back loses nothing', async () => {
  await waitForMore(1)
  await page.getByRole('button', { name: 'Go offline' }).click()
  await waitForState('offline')
  const seen = await numbers()
  const lastEventId = await page.locator('#last-event-id').textContent()
  await sleep(10 * newsMs)
  expect(await numbers()).toEqual(seen)

  const request = page.waitForRequest('**/events*')
  await page.getByRole('button', { name: 'Go online' }).click()
  expect(await (await request).allHeaders()).toMatchObject({ 'last-event-id': lastEventId })
  await waitForState('open')
  await waitForMore(10)
  expect(await marks()).toEqual([`Back after #${last(seen)}`])
  expectContiguous(await numbers())
  await expectNoLoss()
})

test('ten tabs share one connection, which any of them can cut', async () => {
  // Every tab draws every headline: ten tabs with twenty a second would take all of the processor.
  const slow = await ExampleServer.start('fastify-news', { NEWS_MS: '300' })
  try {
    const tabs = [page]
    while (tabs.length < 10) tabs.push(await page.context().newPage())
    for (const tab of tabs) await tab.goto(slow.url)
    for (const tab of tabs) await tab.locator('body[data-state=open]').waitFor()
    const last = tabs.at(-1) as Page
    await last.getByRole('button', { name: 'Cut my connection' }).click()
    await last.locator('.back').first().waitFor()
    for (const tab of tabs) {
      const received = await tab.locator('#received').textContent()
      await tab.waitForFunction(`document.querySelector('#received').textContent !== '${received}'`)
      expect(await tab.locator('#missing').textContent()).toBe('0')
      expect(await tab.locator('#repeated').textContent()).toBe('0')
    }
  } finally {
    await slow.kill()
  }
})

test('after a gap the page loads again, and nothing is missing', async () => {
  const port = server?.port
  await server?.kill()
  await waitForState('reconnecting')
  server = await ExampleServer.start('fastify-news', env, port)
  await page.waitForEvent('load')
  await waitForState('open')
  await waitForMore(2)
  expect(await marks()).toEqual([])
  expectContiguous(await numbers())
  await expectNoLoss()
})

test('ends at Ctrl-C while the page is open', async () => {
  expect(await server?.interrupt()).toBe(0)
  server = undefined
  await waitForState('reconnecting')
})

/** The connection is about to break. */
async function expectToResume(): Promise<void> {
  await waitForState('reconnecting')
  const seen = last(await numbers())
  await waitForState('open')
  await waitForMore(3)
  expect(await marks()).toEqual([`Back after #${seen}`])
  const all = await numbers()
  expectContiguous(all)
  // The browser was offline for a while: not all headlines arrived live.
  expect(last(all)).toBeGreaterThan(seen + 10)
  await expectNoLoss()
}

/** The counts of the page itself. */
async function expectNoLoss(): Promise<void> {
  expect(await page.locator('#missing').textContent()).toBe('0')
  expect(await page.locator('#repeated').textContent()).toBe('0')
  expect(await page.locator('.hole').count()).toBe(0)
}

function expectContiguous(numbers: number[]): void {
  expect(numbers.length).toBeGreaterThan(0)
  expect(numbers).toEqual(numbers.map((_, index) => Number(numbers[0]) + index))
}

/** The headlines of the list, the oldest first. */
async function numbers(): Promise<number[]> {
  return numbersIn(await page.locator('#headlines').innerHTML())
}

function numbersIn(html: string): number[] {
  const numbers = [...html.matchAll(/data-number="(\d+)"/g)].map(([, number]) => Number(number))
  return numbers.filter((number) => number > 0).reverse()
}

function last(numbers: number[]): number {
  return Number(numbers.at(-1))
}

async function marks(): Promise<string[]> {
  return page.locator('.mark').allTextContents()
}

async function waitForMore(count: number): Promise<void> {
  const received = Number(await page.locator('#received').textContent())
  await page.waitForFunction(`Number(document.querySelector('#received').textContent) >= ${received + count}`)
}

async function waitForState(state: string): Promise<void> {
  await page.locator(`body[data-state="${state}"]`).waitFor()
}
