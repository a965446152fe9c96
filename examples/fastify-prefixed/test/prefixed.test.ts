import type { Browser, BrowserContext, Page } from 'playwright-core'
import { launchChromium } from '../../../test/browser/chromium.ts'
import { ExampleServer } from '../../../test/browser/example-server.ts'

let browser: Browser
let server: ExampleServer
let context: BrowserContext
let page: Page

beforeAll(async () => {
  browser = await launchChromium()
})

beforeEach(async () => {
  server = await ExampleServer.start('fastify-prefixed', { TICK_MS: '200', MAX_AGE: '1500' })
  context = await browser.newContext()
  page = await openPage()
})

afterEach(async () => {
  await server?.kill()
  for (const context of browser.contexts()) await context.close()
})

afterAll(() => browser?.close())

test('every page gets the departures, and only signed-in pages get the crew’s events', async () => {
  await waitForState(page, 'crew', 'signed out')
  await waitForState(page, 'departures', 'open')
  await page.getByRole('cell', { name: 'boarding' }).first().waitFor()
  expect(await page.locator('#board tr').count()).toBe(5)
  expect(await page.locator('#messages').innerText()).toBe('')
  await waitForCounts({ ran: 0, refused: 0, opened: 0 })
})

test('the hook runs before the stream: its 401 is an ordinary response', async () => {
  const response = await fetch(`${server.url}/crew/events`)
  expect(response.status).toBe(401)
  expect(response.headers.get('content-type')).toMatch('application/json')
  expect(await response.json()).toEqual({ error: 'Sign in first' })
  await waitForCounts({ ran: 1, refused: 1, opened: 0 })
})

test('a signed-in visitor receives the crew’s events', async () => {
  await signIn()
  await messages(page).nth(2).waitFor()
  expect(await messages(page).first().textContent()).toMatch(/^#\d+ .+ the \d\d:\d\d to /)
})

test('the crew’s streams end and reconnect through the hook, without a loss; the others stay open', async () => {
  await signIn()
  await waitForNumber('#crew .opened', 4)
  // What was sent while the stream was closed has arrived, and so does what follows.
  const [first = ''] = await messages(page).locator('small').allTextContents()
  await waitForNumber('#messages small', Number(first.slice(1)) + 2)
  const shown = (await messages(page).locator('small').allTextContents()).map((mark) => Number(mark.slice(1)))
  expect(shown).toHaveLength(8)
  expect(shown).toEqual(shown.map((_, i) => Number(shown[0]) - i))
  expect(await page.locator('#departures .opened').textContent()).toBe('1')
  await page.waitForFunction(`(() => {
    const [ran, refused, opened] = [...document.querySelectorAll('#door dd')].map((dd) => Number(dd.textContent))
    return opened >= 4 && ran === refused + opened
  })()`)
})

test('signing out ends the streams of all windows, long before maxAge', async () => {
  await server.kill()
  server = await ExampleServer.start('fastify-prefixed', { TICK_MS: '200', MAX_AGE: '3600000' }, server.port)
  await page.reload()
  await signIn()
  const second = await openPage()
  await waitForState(second, 'crew', 'open')
  await page.getByRole('button', { name: 'Sign out' }).click()
  for (const shut of [page, second]) {
    await waitForState(shut, 'crew', 'signed out')
    await waitForState(shut, 'departures', 'open')
    expect(await messages(shut).count()).toBe(0)
  }
})

test('ends at Ctrl-C while the page is open', async () => {
  await signIn()
  expect(await server.interrupt()).toBe(0)
  await waitForState(page, 'departures', 'reconnecting')
  await waitForState(page, 'crew', 'reconnecting')
})

async function openPage(): Promise<Page> {
  const opened = await context.newPage()
  await opened.goto(server.url)
  await waitForState(opened, 'departures', 'open')
  return opened
}

async function signIn(): Promise<void> {
  await waitForState(page, 'crew', 'signed out')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await waitForState(page, 'crew', 'open')
}

function messages(page: Page) {
  return page.locator('#messages[aria-live=polite] li')
}

async function waitForCounts(counts: Record<string, number>): Promise<void> {
  for (const [name, value] of Object.entries(counts)) {
    await page.locator(`#door #${name}`).getByText(String(value), { exact: true }).waitFor()
  }
}

async function waitForNumber(selector: string, atLeast: number): Promise<void> {
  await page.waitForFunction(
    `Number(document.querySelector('${selector}')?.textContent.replace('#', '')) >= ${atLeast}`,
  )
}

async function waitForState(page: Page, section: string, state: string): Promise<void> {
  await page.locator(`#${section}[data-state="${state}"]`).waitFor()
}
