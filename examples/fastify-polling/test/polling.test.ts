import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser, Page, Response } from 'playwright-core'
import { launchChromium } from '../../../test/browser/chromium.ts'
import { ExampleServer } from '../../../test/browser/example-server.ts'

const readingMs = 100
const env = { READING_MS: String(readingMs) }

let browser: Browser
let server: ExampleServer
let page: Page
/** The event streams of the page, as they arrive through the proxy. */
let responses: Response[]

beforeAll(async () => {
  browser = await launchChromium()
})

beforeEach(async () => {
  server = await ExampleServer.start('fastify-polling', env)
  page = await browser.newPage()
  responses = []
  page.on('response', (response) => {
    if (response.url().includes('/buffered/events')) responses.push(response)
  })
})

afterEach(async () => {
  await server?.kill()
  await page?.close()
})

afterAll(() => browser?.close())

test('without buffering, the page streams', async () => {
  // The page waits without a limit, however slow this machine is.
  await page.clock.install({ time: 0 })
  await page.clock.pauseAt(1000)
  await page.goto(server.url)
  await waitForState('streaming')
  await waitForNumber('received', 20)
  expect(await number('count')).toBe(1)
  await expectNoLoss()
  expect(await readings()).toHaveLength(1)
})

test('behind a proxy that buffers, it continues with short responses, and loses nothing', async () => {
  // Chromium does not always keep a body that the page itself has read.
  const texts: string[] = []
  await page.route('**/buffered/events', async (route) => {
    try {
      const response = await route.fetch({ timeout: 0 })
      texts.push(await response.text())
      await route.fulfill({ response })
    } catch {
      // The page has given up this request.
    }
  })
  await page.goto(server.url)
  await page.getByRole('link', { name: 'Through a proxy' }).click()
  await waitForState('polling')
  await page.getByText('holds responses back until they end').waitFor()
  await waitForNumber('count', 4)
  const before = await number('received')
  await waitForNumber('received', before + 1)
  await expectNoLoss()

  // Most readings are taken between two responses.
  const all = await readings()
  expect(all.length).toBeGreaterThanOrEqual(4)
  // The oldest one is the snapshot; the newest one may not be complete yet.
  expect(all.at(-1)).toEqual([])
  for (const ofOneResponse of all.slice(1, -1)) expect(ofOneResponse.length).toBeGreaterThan(1)
  const inOrder = all.reverse().flat()
  expect(inOrder).toEqual(inOrder.map((_, i) => Number(inOrder[0]) + i))

  // The stream that was held back has no answer: these are polls. The proxy passes them on when they have ended.
  const [first, second, third] = responses as [Response, Response, Response]
  const waits: unknown[] = []
  for (const response of [first, second, third]) {
    expect(response.url()).toBe(`${server.url}/buffered/events`)
    waits.push((await response.request().allHeaders()).prefer)
  }
  expect(waits).toEqual(['wait=1', 'wait=20', 'wait=20'])
  const { 'last-event-id': lastEventId } = await third.request().allHeaders()
  expect(lastEventId).toBe(lastIdOf(texts[1] ?? ''))
})

test('a poll waits while there are no events', async () => {
  await server.kill()
  server = await ExampleServer.start('fastify-polling', { READING_MS: '2500' })
  await page.goto(`${server.url}/buffered/`)
  await waitForNumber('received', 3)
  // The first response has the newest reading in its snapshot, each later one at least one new reading.
  const count = await number('count')
  expect(count).toBeLessThanOrEqual((await number('received')) + 2)
  await expectNoLoss()
})

test('a page that was offline for a while loses nothing', async () => {
  await page.goto(`${server.url}/buffered/`)
  await waitForNumber('count', 2)
  await page.context().setOffline(true)
  await waitForState('reconnecting')
  await sleep(10 * readingMs)
  await page.context().setOffline(false)
  await waitForState('polling')
  const before = await number('received')
  await waitForNumber('received', before + 1)
  await expectNoLoss()
})

test('after a restart of the server it continues to poll', async () => {
  await page.goto(`${server.url}/buffered/`)
  await waitForNumber('count', 2)
  await server.kill()
  await waitForState('reconnecting')
  const before = await number('received')
  server = await ExampleServer.start('fastify-polling', env, server.port)
  await waitForState('polling')
  await waitForNumber('received', before + 20)
  await expectNoLoss()
})

test('ends at Ctrl-C while the page is open', async () => {
  await page.goto(`${server.url}/buffered/`)
  await waitForState('polling')
  expect(await server.interrupt()).toBe(0)
  await waitForState('reconnecting')
})

/** The counts of the page itself, since it was loaded. */
async function expectNoLoss(): Promise<void> {
  expect(await number('missing')).toBe(0)
  expect(await number('repeated')).toBe(0)
}

/** By response, the newest first. */
async function readings(): Promise<number[][]> {
  return page.evaluate(
    `[...document.querySelectorAll('#responses ol')].map((list) => [...list.children].map((li) => Number(li.textContent)))`,
  )
}

function lastIdOf(text: string): string | undefined {
  return [...text.matchAll(/^id: (.+)$/gm)].at(-1)?.[1]
}

async function number(id: string): Promise<number> {
  return Number(await page.locator(`#${id}`).textContent())
}

async function waitForNumber(id: string, atLeast: number): Promise<void> {
  await page.waitForFunction(`Number(document.querySelector('#${id}').textContent) >= ${atLeast}`)
}

async function waitForState(state: string): Promise<void> {
  await page.locator(`body[data-state="${state}"]`).waitFor()
}
