import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { slug } from '../../../site/slug.mjs'
import { numberIn, say, Tour, waitForNumber, waitUntil } from './tour.ts'

let tour: Tour

beforeAll(async () => {
  tour = await Tour.start(2)
})

afterEach(() => tour.closePages())

afterAll(() => tour?.stop())

test('both pages name their framework, and link to each other', async () => {
  const { express, fastify } = await tour.openBoth()
  expect(await express.locator('.badge').textContent()).toBe('served by Express')
  expect(await fastify.locator('.badge').textContent()).toBe('served by Fastify')
  for (const [page, other, url] of [
    [express, 'Fastify', tour.fastifyUrl],
    [fastify, 'Express', tour.expressUrl],
  ] as const) {
    expect(await page.getByRole('link', { name: `Open it on ${other}` }).getAttribute('href')).toBe(url)
  }
  expect(tour.problems).toEqual([])
})

test('the clock stops and starts, and the rest of the stream continues', async () => {
  const page = await tour.open()
  await waitForNumber(page, '[data-channel="clock"] .count', 2)
  expect(await page.locator('#clock-tick').textContent()).toMatch(/^Tick \d+, none missing$/)

  const asked = page.waitForRequest('**/events?*')
  await page.getByRole('button', { name: 'Stop', exact: true }).first().click()
  const channels = new URL((await asked).url()).searchParams.get('channels')?.split(',')
  expect(channels).not.toContain('clock')
  expect(channels).toContain('stocks')
  const stoppedAt = await page.locator('#clock-tick').textContent()
  await waitForNumber(page, '[data-channel="stocks"] .count', (await stockCount(page)) + 8)
  expect(await page.locator('#clock-tick').textContent()).toBe(stoppedAt)

  const ticks = await numberIn(page, '[data-channel="clock"] .count')
  await page.locator('.clock').getByRole('button', { name: 'Start' }).click()
  await waitForNumber(page, '[data-channel="clock"] .count', ticks + 2)
  expect(await page.locator('#clock-tick').textContent()).toMatch(/, none missing$/)
})

test('a notification sent on one page arrives on both, as an event of its type', async () => {
  const { express, fastify } = await tour.openBoth()
  const count = await fastify.locator('#notifications .warning').count()
  await express.getByRole('button', { name: 'Warning' }).click()
  await express.getByRole('button', { name: 'Warning' }).click()
  for (const page of [express, fastify]) {
    await waitUntil(
      page,
      `document.querySelectorAll('#notifications .warning').length > ${Math.min(count, 1)}`,
    )
    expect(await page.locator('#notifications .warning code').first().textContent()).toBe('warning')
  }
})

test('a message sent on Express arrives on Fastify, with its lines and in any script, and vice versa', async () => {
  const { express, fastify } = await tour.openBoth()
  const text = 'Zeile eins\nстрока два\n行三 🌊\n<b>not bold</b>'
  await say(express, text)
  await fastify.locator('#chat-messages .text').getByText('Zeile eins').waitFor()
  const last = fastify.locator('#chat-messages li').last()
  expect(await last.locator('.text').textContent()).toBe(text)
  expect(
    await last.locator('.text').evaluate((element) => (element as { innerText?: string }).innerText),
  ).toBe(text)
  expect(await last.locator('[data-text="via"]').textContent()).toBe('via Express')

  await fastify.getByLabel('Name', { exact: true }).fill('Łucja')
  await fastify.getByRole('textbox', { name: 'Message' }).fill('Answer')
  await fastify.getByRole('button', { name: 'Send' }).click()
  await express.locator('#chat-messages .text').getByText('Answer').waitFor()
  expect(await express.locator('#chat-messages b').last().textContent()).toBe('Łucja')
  expect(await express.locator('#chat-messages [data-text="via"]').last().textContent()).toBe('via Fastify')
})

test('a message that does not arrive is not lost', async () => {
  const page = await tour.open()
  await page.route('**/chat', (route) => route.abort())
  await page.getByRole('textbox', { name: 'Message' }).fill('Keep me')
  await page.getByRole('button', { name: 'Send' }).click()
  await page.locator('#chat-problem').getByText('It was not sent').waitFor()
  expect(await page.getByRole('textbox', { name: 'Message' }).inputValue()).toBe('Keep me')
})

test('the stock chart draws, moves, and can be read', async () => {
  const page = await tour.open()
  const before = await picture(page, '#stock-chart')
  expect(before.painted).toBeGreaterThan(500)
  const { label } = before
  expect(label).toMatch(
    /^Tidewater Ferries, the last two minutes: between \d+\.\d\d and \d+\.\d\d, now \d+\.\d\d$/,
  )
  await waitUntil(page, `document.querySelector('#stock-chart').ariaLabel !== ${JSON.stringify(label)}`)
  await page.getByRole('radio', { name: /FJORD/ }).check()
  await page.locator('#stock-name').getByText('Fjord Wool').waitFor()
  await waitUntil(page, `document.querySelector('#stock-chart').ariaLabel.startsWith('Fjord Wool')`)
  await waitUntil(
    page,
    `document.querySelector('#stock-chart canvas').toDataURL() !== ${JSON.stringify(before.image)}`,
  )
})

test('the statistics count what happens', async () => {
  const page = await tour.open()
  await waitForNumber(page, '#stats-streams', 1)
  await waitForNumber(page, '#stats-memory', 20)
  expect(await page.locator('#stats-uptime').textContent()).toMatch(/\d+ s$/)
  const delivered = await numberIn(page, '#stats-delivered')
  await waitUntil(
    page,
    `Number(document.querySelector('#stats-delivered').textContent.replace(',', '')) > ${delivered + 10}`,
  )
  for (const name of ['connections', 'requests', 'delay', 'memory']) {
    const { painted, label } = await picture(page, `#stats-${name}-chart`)
    expect(painted).toBeGreaterThan(100)
    expect(label).toMatch(/^The last \d+ s: between .+ and .+, now .+$/)
  }
  const { fastify } = await tour.openBoth()
  await fastify
    .locator('#stats-servers')
    .getByText(/Express [1-9]\d*, Fastify [1-9]/)
    .waitFor()
})

test('the match continues, and its score is the number of its goals', async () => {
  const page = await tour.open()
  const minute = () => page.locator('#match-minute').textContent()
  const before = await minute()
  await waitUntil(page, `document.querySelector('#match-minute').textContent !== ${JSON.stringify(before)}`)
  await waitUntil(page, `document.querySelectorAll('#incidents li').length > 0`)
  const [score, goals] = (await page.evaluate(
    `[document.querySelector('#match-score').textContent, ['home', 'away'].map((side) => document.querySelectorAll('#incidents .score.' + side).length).join(' : ')]`,
  )) as string[]
  expect(score).toBe(goals)
})

test('tokens: a story that is not stopped reaches its end, once', async () => {
  const page = await tour.open()
  await page.getByLabel('Prompt').fill('Erzähl mir was')
  await page.getByRole('button', { name: 'Generate' }).click()
  await page
    .locator('#tokens-server')
    .getByText(/^stopped after \d+ tokens: finished$/)
    .waitFor()
  await page.getByRole('button', { name: 'Generate' }).waitFor()
  const story = (await page.locator('#story').textContent()) ?? ''
  expect(story).toMatch(/^[A-Z].*\.\n\n[A-Z].*\.$/s)
  expect(story.split(/\s+/)).toHaveLength(await numberIn(page, '#tokens-count'))
})

test('every panel shows its code unchanged from the files', async () => {
  const page = await tour.open()
  const buttons = page.getByRole('button', { name: 'View source' })
  expect(await buttons.count()).toBe(11)
  for (const button of await buttons.all()) {
    // Not a click: on a busy machine, a panel above may grow between the press of the mouse and its release.
    await button.press('Enter')
    const files = page.locator('#excerpts h3 [data-text="file"]')
    await files.first().waitFor()
    expect((await files.allTextContents()).slice(1)).toEqual(['src/express.ts', 'src/fastify.ts'])
    for (const code of await page.locator('#excerpts code').allTextContents()) expect(code).toMatch(/\w{3}/)
    await page.keyboard.press('Escape')
    await page.locator('dialog').waitFor({ state: 'hidden' })
  }
  await page.getByRole('button', { name: 'View source of Chat' }).click()
  await page.locator('#excerpts').getByText("await hub.publish('chat', { data: message })").waitFor()
})

test('every panel links to its page of the docs, which exists', async () => {
  const page = await tour.open()
  const links = page.getByRole('link', { name: 'Docs of' })
  expect(await links.count()).toBe(11)
  for (const link of await links.all()) {
    const [path = ''] = ((await link.getAttribute('href')) ?? '').split('/blob/main/').slice(1)
    const [file = '', anchor] = path.split('#')
    const text = readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8')
    const anchors = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => slug(heading))
    expect(anchors).toContain(anchor ?? anchors[0])
  }
})

async function stockCount(page: Page): Promise<number> {
  return numberIn(page, '[data-channel="stocks"] .count')
}

/** The number of pixels that are not empty, and the text alternative of the chart. */
async function picture(
  page: Page,
  selector: string,
): Promise<{ painted: number; label: string; image: string }> {
  await waitUntil(page, `(${paintedIn})(${JSON.stringify(selector)}).painted > 100`)
  return page.evaluate(`(${paintedIn})(${JSON.stringify(selector)})`)
}

const paintedIn = `(selector) => {
  const canvas = document.querySelector(selector + ' canvas')
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
  const painted = data.filter((value, index) => index % 4 === 3 && value > 0).length
  return { painted, label: document.querySelector(selector).ariaLabel, image: canvas.toDataURL() }
}`
