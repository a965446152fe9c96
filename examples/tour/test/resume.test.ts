import type { Page } from 'playwright-core'
import { numberIn, say, Tour, waitForNumber, waitForState, waitUntil } from './tour.ts'

let tour: Tour

beforeAll(async () => {
  tour = await Tour.start(2)
})

afterEach(() => tour.closePages())

afterAll(() => tour?.stop())

test('a job continues while the page is reloaded, and can be seen and cancelled on the other page', async () => {
  // The job takes a minute, not twelve seconds: it must not be over before a busy machine has loaded a page again.
  const slow = await Tour.start(0.4)
  try {
    const { express, fastify } = await slow.openBoth()
    await express.getByRole('button', { name: 'Start the job' }).click()
    await waitForNumber(fastify, '#job-percent', 3)
    const before = await numberIn(express, '#job-percent')
    await express.reload()
    await waitForState(express, 'live')
    expect(await numberIn(express, '#job-percent')).toBeGreaterThanOrEqual(before)
    await waitForNumber(express, '#job-percent', before + 5)

    await fastify.getByRole('button', { name: 'Cancel' }).click()
    for (const page of [express, fastify]) {
      await page.locator('#job-state').getByText('Cancelled.').waitFor()
      await page.getByRole('button', { name: 'Start again' }).waitFor()
    }
    const bars = [express, fastify].map((page) => page.locator('#job-bar').getAttribute('value'))
    expect(new Set(await Promise.all(bars)).size).toBe(1)
  } finally {
    await slow.stop()
  }
})

test('news: a connection that is cut loses nothing', async () => {
  const page = await openNews()
  await page.getByRole('button', { name: 'Cut my connection' }).click()
  await page.locator('#headlines .back').waitFor()
  await expectAllNews(page)
})

test('news: going offline and back loses nothing', async () => {
  const page = await openNews()
  await page.getByRole('button', { name: 'Go offline' }).click()
  await page.locator('#news-state').getByText('offline').waitFor()
  const received = await numberIn(page, '#news-received')
  await reportNews(page, 4)
  expect(await numberIn(page, '#news-received')).toBe(received)

  // Only the button of the panel is still visible: the list is below the window.
  await page
    .locator('#news-offline')
    .evaluate((button: { scrollIntoView(how: object): void; click(): void }) => {
      button.scrollIntoView({ block: 'end', behavior: 'instant' })
      button.click()
    })
  await page.locator('#headlines .back').waitFor()
  await waitForNumber(page, '#news-received', received + 6)
  await expectAllNews(page)
})

test('news have a stream while they are visible, and miss nothing in between', async () => {
  const page = await openNews()
  expect(await page.locator('#stream-names').textContent()).toContain('news')
  await page.evaluate('scrollTo({ top: 0, behavior: "instant" })')
  await page.locator('#streams').getByText('1 stream', { exact: true }).waitFor()
  await reportNews(page, 3)
  await page.locator('#headlines').scrollIntoViewIfNeeded()
  await page.locator('#headlines .back').waitFor()
  await expectAllNews(page)
})

test('a hidden page closes its streams, and has everything when it is visible again', async () => {
  const { express, fastify } = await tour.openBoth()
  await waitForNumber(express, '[data-channel="clock"] .count', 2)
  await hide(express, true)
  await waitForState(express, 'paused')
  expect(await express.locator('#streams').textContent()).toBe('0 streams')
  await fastify.locator('#stats-streams').getByText('1', { exact: true }).waitFor()

  await say(fastify, 'While you were away')
  await fastify.locator('#chat-messages').getByText('While you were away').waitFor()
  expect(await express.locator('#chat-messages').getByText('While you were away').count()).toBe(0)

  await hide(express, false)
  await waitForState(express, 'live')
  await express.locator('#chat-messages').getByText('While you were away').waitFor()
  await express
    .locator('#notice')
    .getByText(/after its last event: [1-9]\d* events came at once/)
    .waitFor()
  expect(await express.locator('#clock-tick').textContent()).toMatch(/, none missing$/)
  expect(await express.locator('#chat-messages').getByText('While you were away').count()).toBe(1)
})

test('more windows than a browser has connections share one', async () => {
  const pages: Page[] = []
  for (let i = 0; i < 8; i++) pages.push(await tour.open())
  const [first, last] = [pages[0], pages[7]] as [Page, Page]
  await say(last, 'Eight windows')
  for (const page of pages) await page.locator('#chat-messages').getByText('Eight windows').waitFor()
  // One. On a busy machine another window may be taking over the connection at this moment.
  await first.waitForFunction(`Number(document.querySelector('#stats-streams').textContent) < 4`)

  // The first one has the connection.
  await first.close()
  await say(last, 'Seven windows')
  for (const page of pages.slice(1)) {
    await page.locator('#chat-messages').getByText('Seven windows').waitFor()
    expect(await page.locator('#clock-tick').textContent()).toMatch(/, none missing$/)
  }
})

test('after a restart of the server the page says that it could not resume, and shows the new state', async () => {
  const page = await tour.open()
  await say(page, 'Soon forgotten')
  await page.locator('#chat-messages').getByText('Soon forgotten').waitFor()

  await tour.restartServer()
  await page.locator('#notice').getByText('gap: expired').waitFor()
  await waitForState(page, 'live')
  expect(await page.locator('#chat-messages').getByText('Soon forgotten').count()).toBe(0)
  await waitForNumber(page, '[data-channel="clock"] .count', 1)
  expect(await page.locator('#clock-tick').textContent()).toMatch(/, none missing$/)
})

test('ends at Ctrl-C while pages are open and work is in progress', async () => {
  const { express, fastify } = await tour.openBoth()
  await express.getByRole('button', { name: 'Start the job' }).click()
  await express.getByRole('button', { name: 'Generate' }).click()
  await fastify.getByRole('button', { name: 'Watch' }).click()
  await waitForNumber(fastify, '#job-percent', 1)
  expect(await tour.server.interrupt()).toBe(0)
  await waitForState(express, 'connection lost, trying again')
})

async function openNews(): Promise<Page> {
  const page = await tour.open()
  await page.locator('#headlines').scrollIntoViewIfNeeded()
  await page.locator('#news-state').getByText('live').waitFor()
  await waitForNumber(page, '#news-received', (await numberIn(page, '#news-received')) + 1)
  return page
}

/** Resolves when the server has reported that many more. */
async function reportNews(page: Page, count: number): Promise<void> {
  const target = (await newestHeadline()) + count
  await waitUntil(
    page,
    `fetch('state').then((response) => response.json()).then(({ news }) => news.at(-1).number >= ${target})`,
  )
}

async function newestHeadline(): Promise<number> {
  const { news } = (await (await fetch(`${tour.expressUrl}state`)).json()) as { news: { number: number }[] }
  return news.at(-1)?.number ?? 0
}

/** The counts of the page, and the items of its list. */
async function expectAllNews(page: Page): Promise<void> {
  const texts = await page.locator('#headlines .number').allTextContents()
  const numbers = texts.map((text) => Number(text.slice(1)))
  expect(numbers).toEqual(numbers.map((_, index) => Number(numbers[0]) - index))
  expect(await page.locator('#news-missing').textContent()).toBe('0')
  expect(await page.locator('#news-repeated').textContent()).toBe('0')
  expect(await page.locator('#headlines .hole').count()).toBe(0)
}

/** Acts as a browser does when another tab becomes visible. */
async function hide(page: Page, hidden: boolean): Promise<void> {
  await page.evaluate(`
    Object.defineProperty(document, 'hidden', { configurable: true, value: ${hidden} })
    document.dispatchEvent(new Event('visibilitychange'))
  `)
}
