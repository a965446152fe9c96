import type { Page } from 'playwright-core'

/** The first actions of a user who has just started an example, and what must then arrive over its stream. */
export const firstVisits: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  'express-ai-sdk': async (page) => {
    await page.getByLabel('Message').fill('Does it work here?')
    await page.getByRole('button', { name: 'Send' }).click()
    await see(page, '.assistant', /\w/)
  },
  'express-auth': async (page) => {
    await page.getByLabel('Name').fill('ada')
    await page.getByLabel('Password').fill('lovelace')
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('combobox', { name: 'To' }).selectOption('ada')
    await page.getByLabel('Note', { exact: true }).fill('It works here')
    await page.getByRole('button', { name: 'Send' }).click()
    await see(page, '#notes .text', /^It works here$/)
  },
  'express-chat': async (page) => {
    await page.getByLabel('Name', { exact: true }).fill('Ada')
    await page.getByLabel('Message', { exact: true }).fill('It works here')
    await page.keyboard.press('Enter')
    await see(page, '#messages .text', /^It works here$/)
  },
  'express-chat-ai': askChat,
  'express-clock': (page) => see(page, '#time', /^\d\d:\d\d:\d\d$/),
  'express-jokes': (page) => see(page, '#joke', /\w/),
  'express-notifications': async (page) => {
    await page.getByLabel('Alert', { exact: true }).check()
    await page.getByRole('combobox', { name: 'To' }).selectOption('everybody')
    await page.getByLabel('Text', { exact: true }).fill('It works here')
    await page.getByRole('button', { name: 'Send' }).click()
    await see(page, '#notifications .text', /^It works here$/)
  },
  'express-openai': async (page) => {
    await page.getByLabel('Message').fill('What of the gulls?')
    await page.getByRole('button', { name: 'Send' }).click()
    await see(page, '.assistant p', /^The gulls/)
  },
  'express-progress': async (page) => {
    await page.getByRole('button', { name: 'Start' }).click()
    await see(page, '#percent', /^[1-9]/)
  },
  'express-react': async (page) => {
    await page.getByRole('button', { name: 'Vote for Pizza' }).click()
    await see(page, 'section b', /^1$/)
  },
  'express-stocks': (page) => see(page, '#stocks tr:first-child .price', /\d/),
  'express-table': async (page) => {
    await page.getByRole('button', { name: 'More Oars' }).click()
    await see(page, '#row-5 .count', /^51$/)
  },
  'express-upload-progress': async (page) => {
    const file = { name: 'a file', mimeType: 'application/x-test', buffer: Buffer.alloc(100_000) }
    await page.getByLabel('File').setInputFiles(file)
    await page.getByRole('button', { name: 'Upload' }).click()
    await see(page, '[role=status]', /Done\. SHA-256/)
  },
  'fastify-chat-ai': askChat,
  'fastify-clock': (page) => see(page, '#time', /^\d\d:\d\d:\d\d$/),
  'fastify-cors': async (page) => {
    await page.getByLabel('Name').fill('Ada')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByLabel('Note, for all my windows').fill('It works here')
    await page.getByRole('button', { name: 'Send' }).click()
    await see(page, '#notes li', /It works here/)
  },
  'fastify-dashboard': (page) => see(page, '#saved', /^9\d/),
  'fastify-http2': (page) => see(page, '#streams', /^30$/),
  'fastify-metrics': (page) => see(page, '#metrics', /sse_streams_open 1/),
  'fastify-news': (page) => see(page, '#received', /^[1-9]/),
  'fastify-polling': (page) => see(page, '#received', /^[1-9]/),
  'fastify-prefixed': async (page) => {
    await page.getByRole('button', { name: 'Sign in' }).click()
    await see(page, '#crew .state', /^Live$/)
  },
  'fastify-scores': (page) => see(page, '#match-1 .clock', /\d/),
  'fastify-stats': (page) => see(page, '#samples', /^[1-9]/),
  'fastify-tokens': async (page) => {
    await page.getByLabel('Question').fill('Why is the sky blue?')
    await page.getByRole('button', { name: 'Ask' }).click()
    await see(page, 'article:last-child .text', /\w/)
  },
  'fastify-typed': (page) => see(page, '#rides li:first-child', /Bike/),
  'scale-out': (page) => see(page, '#received', /^[1-9]/),
  tour: (page) => see(page, '#clock-tick', /\d/),
}

async function askChat(page: Page): Promise<void> {
  await page.getByLabel('Message').fill('Does it work here?')
  await page.getByRole('button', { name: 'Send' }).click()
  await see(page, 'article .text', /^You asked/)
}

async function see(page: Page, selector: string, text: RegExp): Promise<void> {
  await page.locator(selector).filter({ hasText: text }).first().waitFor()
}
