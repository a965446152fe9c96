import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { Page } from 'playwright-core'
import { say, Tour, waitForState } from './tour.ts'

const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')

let tour: Tour

beforeAll(async () => {
  tour = await Tour.start(2)
})

afterEach(() => tour.closePages())

afterAll(() => tour?.stop())

test('the page has no accessibility problem that axe finds', async () => {
  const page = await tour.open()
  await useEverything(page)
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    expect(await violations(page)).toEqual([])
  }
  await page.getByRole('button', { name: 'View source of Stocks' }).click()
  await page.locator('#excerpts article').first().waitFor()
  expect(await violations(page)).toEqual([])
})

test('the page fits every width', async () => {
  const page = await tour.open()
  await useEverything(page)
  for (const width of [320, 390, 768, 1280]) {
    await page.setViewportSize({ width, height: 800 })
    expect(await tooWide(page)).toEqual([])
  }
  await page.setViewportSize({ width: 390, height: 800 })
  const widths = await page.evaluate(
    `[...document.querySelectorAll('.panel')].map((panel) => panel.clientWidth)`,
  )
  expect(new Set(widths as number[]).size).toBe(1)
  await page.getByRole('button', { name: 'View source of Stocks' }).click()
  await page.locator('#excerpts article').first().waitFor()
  expect(await tooWide(page)).toEqual([])
})

test('the page writes nothing to the console', async () => {
  const { express, fastify } = await tour.openBoth()
  for (const page of [express, fastify]) {
    await useEverything(page)
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.emulateMedia({ colorScheme: 'light' })
    await page.reload()
    await waitForState(page, 'live')
  }
  expect(tour.problems).toEqual([])
})

test('the page loads nothing from other origins', async () => {
  const page = await tour.open()
  const urls: string[] = []
  page.on('request', (request) => urls.push(request.url()))
  await page.reload({ waitUntil: 'load' })
  await waitForState(page, 'live')
  await useEverything(page)
  expect(urls.length).toBeGreaterThan(10)
  expect(urls.filter((url) => !url.startsWith(tour.expressUrl) && !url.startsWith('data:'))).toEqual([])
})

test('both servers listen on the same addresses', async () => {
  const addresses = Object.values(networkInterfaces()).flatMap(
    (list) => list?.map(({ address }) => address) ?? [],
  )
  const ports = [new URL(tour.expressUrl).port, new URL(tour.fastifyUrl).port]
  for (const address of addresses.filter((each) => each.includes('.') && each !== '127.0.0.1')) {
    const open = await Promise.all(ports.map((port) => accepts(address, Number(port))))
    expect(open).toEqual([false, false])
  }
  expect(await Promise.all(ports.map((port) => accepts('localhost', Number(port))))).toEqual([true, true])
})

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host)
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
}

test('the page works with the keyboard alone', async () => {
  const page = await tour.open()
  await page.keyboard.press('Tab')
  expect(await focused(page)).toBe('Skip to the panels')
  await page.keyboard.press('Enter')
  await tabTo(page, 'View source of Clock')
  await page.keyboard.press('Enter')
  await page.locator('#excerpts article').first().waitFor()
  await page.keyboard.press('Escape')
  await page.locator('dialog').waitFor({ state: 'hidden' })
  expect(await focused(page)).toBe('View source of Clock')

  await tabTo(page, 'Stop')
  await page.keyboard.press('Space')
  expect(await focused(page)).toBe('Start')
  await page.keyboard.press('Enter')
  expect(await focused(page)).toBe('Stop')

  await tabTo(page, /^TIDE/)
  await page.keyboard.press('ArrowRight')
  await page.locator('#stock-name').getByText('Brook & Daughters').waitFor()

  await tabTo(page, 'Name')
  await page.keyboard.press('ControlOrMeta+A')
  await page.keyboard.type('Keys only')
  await page.keyboard.press('Tab')
  await page.keyboard.type('first line')
  await page.keyboard.press('Shift+Enter')
  await page.keyboard.type('second line')
  await page.keyboard.press('Enter')
  await page.locator('#chat-messages').getByText('second line').waitFor()
  expect(await page.locator('#chat-messages .text').last().textContent()).toBe('first line\nsecond line')
  expect(await focused(page)).toBe('Message')
})

test('a screen reader announces states and messages, and no values that tick', async () => {
  const page = await tour.open()
  const live = await page.evaluate(
    `[...document.querySelectorAll('[aria-live], [role=status], [role=alert], [role=log]')].map(({ id }) => id)`,
  )
  expect(live).toEqual([
    'state',
    'notice',
    'notifications',
    'job-state',
    'chat-log',
    'chat-problem',
    'news-state',
    'tokens-server',
  ])
})

async function useEverything(page: Page): Promise<void> {
  await page.locator('#headlines').scrollIntoViewIfNeeded()
  await page.locator('.jokes').getByRole('button', { name: 'Start' }).click()
  await page.locator('#jokes-told').getByText('Joke 1.').waitFor()
  await page.locator('.jokes').getByRole('button', { name: 'Stop' }).click()
  await page.getByRole('button', { name: 'Generate' }).click()
  await page
    .locator('#tokens-server')
    .getByText(/at work|stopped/)
    .waitFor()
  await page.getByRole('button', { name: 'Watch' }).click()
  await page.locator('#wire-log').getByText('200 OK').waitFor()
  await say(page, `A long word: ${'stream'.repeat(30)}`)
  await page.locator('#chat-messages').getByText('streamstream').last().waitFor()
  await page.getByRole('button', { name: 'Success' }).click()
  await page.locator('.wire').getByRole('button', { name: 'Stop' }).click()
}

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  // Not while something fades in: its contrast is not final.
  return page.evaluate(`
    Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => {})))
      .then(() => axe.run({ resultTypes: ['violations'] }))
      .then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map((node) => id + ': ' + node.target + ' ' + node.failureSummary)))
  `)
}

/** Elements that overflow the page and are not inside a scrolling element. */
function tooWide(page: Page): Promise<string[]> {
  return page.evaluate(`
    [...document.querySelectorAll('body, body *')]
      .filter((element) => element.getBoundingClientRect().right > document.documentElement.clientWidth + 1 && !element.closest('.scrolls') && !element.closest('.unseen'))
      .map((element) => element.tagName + '#' + element.id + '.' + element.className)
  `)
}

/** The accessible name, approximately. */
function focused(page: Page): Promise<string> {
  return page.evaluate(`
    (() => {
      const element = document.activeElement
      const text = element.labels?.[0]?.textContent ?? element.ariaLabel ?? element.textContent
      return text.replace(/\\s+/g, ' ').trim()
    })()
  `)
}

async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press('Tab')
    const found = await focused(page)
    if (typeof name === 'string' ? found === name : name.test(found)) return
  }
  throw new Error(`Tab does not lead to ${name}`)
}
