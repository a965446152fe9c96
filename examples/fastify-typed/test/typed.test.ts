import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { copyExample } from '../../../scripts/copy-example.mjs'
import { launchChromium } from '../../../test/browser/chromium.ts'
import { ExampleServer } from '../../../test/browser/example-server.ts'

const example = join(__dirname, '..')

let browser: Browser
let context: BrowserContext
let server: ExampleServer

beforeAll(async () => {
  browser = await launchChromium()
  server = await ExampleServer.start('fastify-typed', { RIDE_MS: '20' })
})

beforeEach(async () => {
  context = await browser.newContext()
})

afterEach(() => context.close())

afterAll(async () => {
  await browser?.close()
  await server?.kill()
})

async function open(): Promise<Page> {
  const page = await context.newPage()
  await page.goto(server.url)
  await page.locator('#rides li').nth(3).waitFor()
  return page
}

test('shows stations and rides as they arrive', async () => {
  const page = await open()
  expect(await page.locator('#stations li').allTextContents()).toHaveLength(5)
  expect(await page.locator('#rides li').first().textContent()).toMatch(
    /\d:\d\d.* Bike \d+ (leaves|is back: )/,
  )
  expect(await page.locator('#state').textContent()).toBe('Live')
})

test('ten tabs share one connection', async () => {
  for (let n = 0; n < 10; n++) await open()
  for (const page of context.pages()) {
    const rides = await page.locator('#rides').innerHTML()
    await page.waitForFunction((before) => document.getElementById('rides').innerHTML !== before, rides)
  }
})

// The globals of the functions that run in a page.
declare const document: { getElementById(id: string): { innerHTML: string } }

test('the compiler checks server and page against the one declaration', async () => {
  expect(await compile()).toBe('')
})

test('it refuses events and properties that are not declared, and a Date, which JSON turns into text', async () => {
  let page = await readFile(join(example, 'page/app.ts'), 'utf8')
  for (const [correct, wrong] of [
    [`'rented'`, `'borrowed'`],
    ['{ bike, station, at }', '{ bike, place, at }'],
    [`'returned', ({ bike, station, at })`, `'returned', ({ bicycle: bike, station, at })`],
    ['at: string', 'at: Date'],
  ] as const) {
    expect(page).toContain(correct)
    page = page.replace(correct, wrong)
  }
  const said = await compile(page)
  for (const named of ['"borrowed"', "'bicycle'", "'Date'"]) expect(said).toContain(named)
})

/** The messages of the compiler for the example, or for the example with this page. */
async function compile(page?: string): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'fastify-typed-'))
  try {
    copyExample('fastify-typed', copy)
    await symlink(join(example, 'node_modules'), join(copy, 'node_modules'))
    if (page !== undefined) await writeFile(join(copy, 'page/app.ts'), page)
    const args = ['-p', copy, '--pretty', 'false', '--customConditions', '@downstream/source']
    await promisify(execFile)(join(example, 'node_modules/.bin/tsc'), args)
    return ''
  } catch (error) {
    return (error as { stdout: string }).stdout
  } finally {
    await rm(copy, { recursive: true })
  }
}
