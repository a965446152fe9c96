import type { Page } from 'playwright-core'
import { numberIn, say, Tour, waitForNumber, waitUntil } from './tour.ts'

let tour: Tour

beforeAll(async () => {
  tour = await Tour.start(1)
})

afterEach(() => tour.closePages())

afterAll(() => tour?.stop())

describe('in slow motion', () => {
  let slow: Tour

  beforeAll(async () => {
    // A story takes ten seconds otherwise, and is over before a busy machine has pressed Stop.
    slow = await Tour.start(0.2)
  })

  afterEach(() => slow.closePages())

  afterAll(() => slow?.stop())

  test.each(['express', 'fastify'] as const)(
    'tokens on %s: Stop ends the work on the server',
    async (name) => {
      const { [name]: page } = await slow.openBoth()
      await page.getByRole('button', { name: 'Generate' }).click()
      await page.locator('#tokens-server').getByText('is at work').waitFor()
      await waitForNumber(page, '#tokens-count', 5)
      await page.locator('#tokens-at-work').getByText('1', { exact: true }).waitFor()
      await page.locator('.tokens').getByRole('button', { name: 'Stop' }).click()

      await page
        .locator('#tokens-server')
        .getByText(/^stopped after \d+ tokens: ERR_SSE_CLIENT_CLOSED$/)
        .waitFor()
      await page.locator('#tokens-at-work').getByText('0', { exact: true }).waitFor()
      const made = Number(/\d+/.exec((await page.locator('#tokens-server').textContent()) ?? '')?.[0])
      expect(made).toBeGreaterThanOrEqual(await numberIn(page, '#tokens-count'))
      expect(made).toBeLessThan(150)
    },
  )
})

test('jokes arrive when the server said they would, each in a separate response', async () => {
  const page = await tour.open()
  const responses: string[] = []
  page.on('response', (response) => {
    if (response.url().includes('/jokes')) responses.push(response.headers()['content-type'] ?? '')
  })
  await page.locator('.jokes').getByRole('button', { name: 'Start' }).click()
  await page.locator('#jokes-told').getByText('Joke 1.').waitFor()
  const [first, retry] = await Promise.all([
    page.locator('#joke').textContent(),
    page.locator('#jokes-retry').textContent(),
  ])
  expect(retry).toMatch(/^retry: [2-6]\d{3}$/)
  await page.locator('#jokes-told').getByText('Joke 2.').waitFor()
  expect(await page.locator('#joke').textContent()).not.toBe(first)
  expect(responses).toEqual(['text/event-stream', 'text/event-stream'])

  await page.locator('.jokes').getByRole('button', { name: 'Stop' }).click()
  await page.locator('#jokes-state').getByText('stopped').waitFor()
})

test('the wire is shown unchanged: headers, comments, fields, lines of data', async () => {
  const page = await tour.open()
  await page.getByRole('button', { name: 'Watch' }).click()
  await waitForLine(page, '200 OK')
  await waitForLine(page, 'content-type: text/event-stream')
  await waitForLine(page, 'retry: 1000')
  await waitForLine(page, ':')
  await waitForLine(page, 'event: bookmark')
  await waitForLine(page, 'event: time')
  await page.getByRole('button', { name: 'Success' }).click()
  await say(page, 'Привет 🌊')
  await waitUntil(
    page,
    `/^event: success\\nid: .+\\ndata: .+\\ndata: .+\\n\\n/m.test(document.querySelector('#wire-log').textContent)`,
  )
  await page
    .locator('#wire-log')
    .getByText(/^data: .+"Привет 🌊"/)
    .waitFor()
  expect(await numberIn(page, '#wire-bytes')).toBeGreaterThan(0)

  await page.getByRole('combobox', { name: 'Stream' }).selectOption('a joke')
  await waitForLine(page, 'GET jokes')
  await waitForLine(page, 'event: joke')
  await waitForLine(page, 'The server has ended the stream.')
  await page.getByRole('button', { name: 'Watch' }).waitFor()
})

test('the page says how many streams it holds, and closes them', async () => {
  const page = await tour.open()
  await page.locator('#streams').getByText('1 stream', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Watch' }).click()
  await page.getByRole('button', { name: 'Generate' }).click()
  await waitUntil(page, `document.querySelector('#stream-names').textContent.includes('tokens')`)
  expect((await page.locator('#stream-names').textContent())?.split(', ')).toEqual(
    expect.arrayContaining(['page', 'raw wire', 'tokens']),
  )
  await page.locator('.tokens').getByRole('button', { name: 'Stop' }).click()
  await page.locator('.wire').getByRole('button', { name: 'Stop' }).click()
  await waitUntil(page, `!/raw wire|tokens/.test(document.querySelector('#stream-names').textContent)`)
})

async function waitForLine(page: Page, line: string): Promise<void> {
  await waitUntil(
    page,
    `document.querySelector('#wire-log').textContent.split('\\n').includes(${JSON.stringify(line)})`,
  )
}
