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
  // With 0 the system chooses a free port.
  server = await ExampleServer.start('fastify-cors', { API_PORT: '0' })
  context = await browser.newContext()
  page = await openPage(context)
  await waitForState(page, 'signed out')
})

afterEach(async () => {
  await server?.kill()
  for (const context of browser.contexts()) await context.close()
})

afterAll(() => browser?.close())

test('events of another origin arrive with the cookie', async () => {
  const response = page.waitForResponse((response) => response.url().includes('/events') && response.ok())
  await signIn(page, 'Ada')
  expect(new URL((await response).url()).origin).not.toBe(new URL(page.url()).origin)
  expect(await (await response).allHeaders()).toMatchObject({
    'access-control-allow-origin': server.url,
    'access-control-allow-credentials': 'true',
  })

  const second = await openPage(context)
  await waitForState(second, 'open')
  await write(second, 'Buy rope')
  await notes(page).getByText('Buy rope').waitFor()
  expect(await notes(second).allTextContents()).toEqual(['Buy rope'])
})

test('the cookie selects the events of its user', async () => {
  await signIn(page, 'Ada')
  const other = await openPage(await browser.newContext())
  await signIn(other, 'Bob')
  await write(other, 'for Bob')
  await write(page, 'for Ada')
  await notes(page).waitFor()
  await notes(other).waitFor()
  expect(await notes(page).allTextContents()).toEqual(['for Ada'])
  expect(await notes(other).allTextContents()).toEqual(['for Bob'])
})

test('without withCredentials the cookie is not sent', async () => {
  await signIn(page, 'Ada')
  await page.getByLabel('withCredentials').uncheck()
  await waitForState(page, 'no cookie')
  await page.getByLabel('withCredentials').check()
  await waitForState(page, 'open')
})

test('a page of another origin is refused, and says so', async () => {
  await signIn(page, 'Ada')
  const error = page.waitForEvent('console', (message) => message.text().includes('CORS'))
  await page.getByRole('link', { name: 'Refused origin' }).click()
  await waitForState(page, 'refused')
  expect((await error).text()).toContain("from origin 'http://127.0.0.1:")
  await page.getByText('the browser hides the answer from this page').waitFor()
  expect(await page.getByRole('button', { name: 'Sign in' }).isVisible()).toBe(false)

  await page.getByRole('link', { name: 'Allowed origin' }).click()
  await waitForState(page, 'open')
})

test('signing out ends the streams of all windows', async () => {
  await signIn(page, 'Ada')
  const second = await openPage(context)
  await waitForState(second, 'open')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await waitForState(page, 'signed out')
  await waitForState(second, 'signed out')
  await second.getByRole('button', { name: 'Sign in' }).waitFor()
})

test('the page distinguishes an unreachable server from a refusal', async () => {
  await signIn(page, 'Ada')
  await server.kill()
  await waitForState(page, 'reconnecting')
  await page.getByText('cannot be reached').waitFor()
})

test('ends at Ctrl-C while the page is open', async () => {
  await signIn(page, 'Ada')
  expect(await server.interrupt()).toBe(0)
  await waitForState(page, 'reconnecting')
})

async function openPage(context: BrowserContext): Promise<Page> {
  const opened = await context.newPage()
  await opened.goto(server.url)
  return opened
}

async function signIn(page: Page, name: string): Promise<void> {
  await page.getByLabel('Name').fill(name)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText(`You are ${name}.`).waitFor()
  await waitForState(page, 'open')
}

async function write(page: Page, text: string): Promise<void> {
  await page.getByLabel('Note, for all my windows').fill(text)
  await page.getByRole('button', { name: 'Send' }).click()
  await notes(page).getByText(text).waitFor()
}

function notes(page: Page) {
  return page.locator('#notes[aria-live=polite] li')
}

async function waitForState(page: Page, state: string): Promise<void> {
  await page.locator(`body[data-state="${state}"]`).waitFor()
}
