import type { Browser, Page } from 'playwright-core'
import { launchChromium } from '../../../test/browser/chromium.ts'
import { ExampleServer } from '../../../test/browser/example-server.ts'

const env = { SAMPLE_MS: '100' }

let browser: Browser
let server: ExampleServer
let page: Page

beforeAll(async () => {
  browser = await launchChromium()
})

beforeEach(async () => {
  server = await ExampleServer.start('fastify-stats', env)
  page = await openPage()
})

afterEach(async () => {
  await server?.kill()
  for (const context of browser.contexts()) await context.close()
})

afterAll(() => browser?.close())

test('plots what the server measures', async () => {
  await waitForSamples(page, 5)
  expect(await page.getByRole('heading', { level: 2 }).allTextContents()).toEqual([
    'Requests per second',
    'Event-loop delay',
    'CPU',
    'Memory',
    'Connections',
    'Event streams',
  ])
  expect(await page.getByRole('img').count()).toBe(6)
  expect(await now(page, 'Memory').textContent()).toMatch(/^\d+ MB$/)
  expect(await page.locator('#uptime').textContent()).toMatch(/^\d+ s$/)
  await waitForLine()
})

test('the colours of the plots follow the page, light or dark', async () => {
  await waitForSamples(page, 5)
  await page.getByRole('button', { name: 'Pause' }).click()
  await page.emulateMedia({ colorScheme: 'dark' })
  await waitForLine()
})

test('shows the requests, and an event loop that is blocked', async () => {
  await page.getByRole('button', { name: 'Send 300 requests' }).click()
  await waitForPeak(page, 'Requests per second', 20)
  await page.getByRole('button', { name: 'Block it' }).click()
  await waitForPeak(page, 'Event-loop delay', 250)
})

test('a new page shows samples from before it was opened', async () => {
  await page.getByRole('button', { name: 'Block it' }).click()
  await waitForPeak(page, 'Event-loop delay', 250)
  const second = await openPage()
  await waitForPeak(second, 'Event-loop delay', 250)
  await now(second, 'Event streams').getByText('2', { exact: true }).waitFor()
  await now(page, 'Event streams').getByText('2', { exact: true }).waitFor()
})

test('after a pause, shows the samples that were taken during it', async () => {
  await waitForSamples(page, 1)
  await page.getByRole('button', { name: 'Pause' }).click()
  await waitForState('paused')
  const before = await page.locator('#samples').textContent()
  await page.getByRole('button', { name: 'Block it' }).click()
  const other = await openPage()
  await waitForPeak(other, 'Event-loop delay', 250)
  await other.close()
  expect(await page.locator('#samples').textContent()).toBe(before)

  const request = page.waitForRequest('**/events*')
  await page.getByRole('button', { name: 'Continue' }).click()
  expect((await (await request).allHeaders())['last-event-id']).toMatch(/./)
  await waitForState('open')
  await waitForPeak(page, 'Event-loop delay', 250)
})

test('starts again after a restart of the server', async () => {
  await waitForSamples(page, 30)
  await server.kill()
  await waitForState('reconnecting')
  server = await ExampleServer.start('fastify-stats', { SAMPLE_MS: '1000' }, server.port)
  await page.waitForFunction(`Number(document.querySelector('#samples').textContent) < 30`)
  await waitForSamples(page, 3)
})

test('ends at Ctrl-C while the page is open', async () => {
  expect(await server.interrupt()).toBe(0)
  await waitForState('reconnecting')
})

async function openPage(): Promise<Page> {
  const opened = await browser.newPage()
  await opened.goto(server.url)
  await opened.locator('body[data-state=open]').waitFor()
  return opened
}

function plot(page: Page, title: string) {
  return page.locator('.plot').filter({ has: page.getByRole('heading', { name: title, exact: true }) })
}

function now(page: Page, title: string) {
  return plot(page, title).locator('.now')
}

/** Waits until enough pixels of the memory plot have the current colour of its line. */
async function waitForLine(): Promise<void> {
  await page.waitForFunction(`(() => {
    const canvas = document.querySelector('[aria-label^=Memory] canvas')
    const line = [...getComputedStyle(canvas).color.match(/[0-9]+/g), 255].join()
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
    let count = 0
    for (let i = 0; i < data.length; i += 4) if (data.slice(i, i + 4).join() === line) count++
    return count > 100
  })()`)
}

async function waitForPeak(page: Page, title: string, atLeast: number): Promise<void> {
  const peak = await plot(page, title).locator('.peak').elementHandle()
  await page.waitForFunction(
    ({ peak, atLeast }) => Number.parseInt(peak?.textContent?.replace(',', '') ?? '', 10) >= atLeast,
    {
      peak,
      atLeast,
    },
  )
}

async function waitForSamples(page: Page, atLeast: number): Promise<void> {
  await page.waitForFunction(`Number(document.querySelector('#samples').textContent) >= ${atLeast}`)
}

async function waitForState(state: string): Promise<void> {
  await page.locator(`body[data-state="${state}"]`).waitFor()
}
