// `npm run screenshots`: the pictures of the examples in docs/images. To add one, add a line to `pictures`.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { launchChromium } from '../test/browser/chromium.ts'
import { ExampleServer } from '../test/browser/example-server.ts'
import { firstVisits } from '../test/browser/first-visits.ts'

/** @import { Page } from 'playwright-core' */

/**
 * @typedef {object} Picture
 * @property {string} name Of the file, without .webp.
 * @property {string} example
 * @property {readonly [number, number]} size In CSS pixels.
 * @property {'light' | 'dark'} scheme
 * @property {(page: Page) => Promise<unknown>} act The actions on the page before the screenshot.
 */

const maxBytes = 150_000
const desktop = /** @type {const} */ ([1280, 1190])
const phone = /** @type {const} */ ([390, 844])
const small = /** @type {const} */ ([760, 720])

/** @type {Picture[]} */
const pictures = [
  { name: 'tour-light', example: 'tour', size: desktop, scheme: 'light', act: useTour },
  { name: 'tour-dark', example: 'tour', size: desktop, scheme: 'dark', act: useTourOnFastify },
  { name: 'tour-full', example: 'tour', size: [1280, 2730], scheme: 'light', act: useTour },
  { name: 'tour-source', example: 'tour', size: [1280, 860], scheme: 'light', act: viewSource },
  { name: 'tour-phone-light', example: 'tour', size: phone, scheme: 'light', act: useTour },
  { name: 'tour-phone-dark', example: 'tour', size: phone, scheme: 'dark', act: useTourOnFastify },
  inGallery('express-clock', 'light'),
  inGallery('express-chat', 'light', chat),
  inGallery('fastify-news', 'dark', cutNews),
  inGallery('express-auth', 'light'),
  inGallery('express-jokes', 'light'),
  inGallery('express-notifications', 'light', notify),
  inGallery('express-openai', 'dark'),
  inGallery('express-progress', 'light'),
  inGallery('express-stocks', 'dark'),
  inGallery('express-table', 'light'),
  inGallery('express-react', 'light'),
  inGallery('express-upload-progress', 'light'),
  inGallery('express-chat-ai', 'light'),
  inGallery('express-ai-sdk', 'light'),
  inGallery('fastify-chat-ai', 'dark'),
  inGallery('fastify-cors', 'light'),
  inGallery('fastify-dashboard', 'light'),
  inGallery('fastify-http2', 'light'),
  inGallery('fastify-metrics', 'light'),
  inGallery('fastify-polling', 'light'),
  inGallery('fastify-prefixed', 'dark'),
  inGallery('fastify-scores', 'light'),
  inGallery('fastify-stats', 'dark'),
  inGallery('fastify-tokens', 'light'),
  inGallery('fastify-typed', 'light'),
  inGallery('scale-out', 'light'),
]

const asked = process.argv.slice(2)
const folder = fileURLToPath(new URL('../docs/images/', import.meta.url))
const temporary = mkdtempSync(join(tmpdir(), 'screenshots-'))
mkdirSync(folder, { recursive: true })
const browser = await launchChromium()
try {
  for (const picture of pictures) {
    if (asked.length === 0 || asked.includes(picture.name)) await take(picture)
  }
} finally {
  await browser.close()
  rmSync(temporary, { recursive: true })
}

/** @param {Picture} picture */
async function take({ name, example, size: [width, height], scheme, act }) {
  const server = await ExampleServer.start(example, { CHAT_FILE: join(temporary, name) })
  const page = await browser.newPage({
    viewport: { width, height },
    colorScheme: scheme,
    ignoreHTTPSErrors: true,
    deviceScaleFactor: width < 600 ? 2 : 1.5,
  })
  try {
    await page.goto(server.url)
    await act(page)
    await page.evaluate('scrollTo({ top: 0, behavior: "instant" })')
    const { bytes, quality } = await capture(page)
    writeFileSync(join(folder, `${name}.webp`), bytes)
    console.log(`docs/images/${name}.webp: ${Math.round(bytes.length / 1000)} KB, quality ${quality}`)
  } finally {
    await page.close()
    await server.interrupt()
  }
}

/**
 * Takes the screenshot in the best quality that the size limit allows.
 * @param {Page} page
 */
async function capture(page) {
  const session = await page.context().newCDPSession(page)
  for (let quality = 90; ; quality -= 5) {
    const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality })
    const bytes = Buffer.from(data, 'base64')
    if (bytes.length <= maxBytes || quality <= 40) return { bytes, quality }
  }
}

/**
 * @param {string} example
 * @param {Picture['scheme']} scheme
 * @param {Picture['act']} [act] - default: a first visit
 * @returns {Picture}
 */
function inGallery(example, scheme, act = firstVisit(example)) {
  return { name: example, example, size: small, scheme, act }
}

/** @param {string} example */
function firstVisit(example) {
  /** @param {Page} page */
  return async (page) => {
    await firstVisits[example]?.(page)
    await page.waitForTimeout(8_000)
  }
}

/** @param {Page} page */
async function notify(page) {
  for (const [type, text] of [
    ['Message', 'Lunch at one?'],
    ['Order', 'Order 4711 was shipped'],
    ['Alert', 'The disk is full'],
  ]) {
    await page.getByLabel(/** @type {string} */ (type), { exact: true }).check()
    await page.getByRole('combobox', { name: 'To' }).selectOption('everybody')
    await page.getByLabel('Text', { exact: true }).fill(/** @type {string} */ (text))
    await page.getByRole('button', { name: 'Send' }).click()
    await page.getByText(`Sent to everybody: ${text}`).waitFor()
  }
}

/** @param {Page} page */
async function useTour(page) {
  await page.getByRole('button', { name: 'Start the job' }).click()
  await say(page, 'Grüße vom anderen Ufer!\nIt came through at once.')
  await page.locator('.jokes').getByRole('button', { name: 'Start' }).click()
  await page.getByRole('button', { name: 'Generate' }).click()
  await page.getByRole('button', { name: 'Watch' }).click()
  await page.waitForTimeout(4_000)
  await page.getByRole('button', { name: 'Success' }).click()
  await page.getByRole('button', { name: 'Cut my connection' }).click()
  await page.waitForTimeout(3_500)
  // On a slow machine the story has ended before.
  const stop = page.locator('.tokens').getByRole('button', { name: 'Stop' })
  await stop.click({ timeout: 2_000 }).catch(() => {})
  await page.waitForTimeout(8_000)
  await page.evaluate('document.activeElement.blur(); scrollTo({ top: 0, behavior: "instant" })')
  await page.waitForTimeout(500)
}

/** @param {Page} page */
async function useTourOnFastify(page) {
  const link = page.getByRole('link', { name: 'Open it on Fastify' })
  await page.goto((await link.getAttribute('href')) ?? '')
  await useTour(page)
}

/** @param {Page} page */
async function viewSource(page) {
  await page.getByRole('button', { name: 'View source of Chat' }).click()
  await page.waitForTimeout(1_000)
}

/** @param {Page} page */
async function chat(page) {
  for (const [name, text] of [
    ['Ada', 'Is anybody there?'],
    ['Grace', 'Yes. I was away for a minute, and nothing is missing.'],
    ['Ada', 'Then it works.'],
  ]) {
    await page.getByLabel('Name', { exact: true }).fill(/** @type {string} */ (name))
    await say(page, /** @type {string} */ (text))
    await page.waitForTimeout(500)
  }
}

/**
 * @param {Page} page
 * @param {string} text
 */
async function say(page, text) {
  const message = page.getByRole('textbox', { name: 'Message' })
  await message.fill(text)
  await message.press('Enter')
}

/** @param {Page} page */
async function cutNews(page) {
  await page.waitForTimeout(4_000)
  await page.getByRole('button', { name: 'Cut my connection' }).click()
  await page.waitForTimeout(5_000)
}
