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

test('after a restart of the server a page has the stations of the new one', async () => {
  const page = await open()
  await server.kill()
  server = await ExampleServer.start('fastify-typed', { RIDE_MS: '1000000' }, server.port)
  // Nobody has taken a bike yet.
  await page.waitForFunction(
    `[...document.querySelectorAll('#stations b')].map((count) => count.textContent).join() === '6,6,6,6,6'`,
  )
})

// The globals of the functions that run in a page.
declare const document: { getElementById(id: string): { innerHTML: string } }

test('the compiler checks server and page against the one declaration', async () => {
  expect(await compile()).toBe('')
})

test('the compiler refuses events and properties that are not declared, a Date, which JSON turns into text, and another state', async () => {
  let page = await readFile(join(example, 'page/app.ts'), 'utf8')
  for (const [correct, wrong] of [
    [`'rented'`, `'borrowed'`],
    [`'returned', ({ bike, station,`, `'returned', ({ bicycle: bike, station,`],
    ['at: string', 'at: Date'],
    ['({ bikes = {} })', '({ trams: bikes = {} })'],
    [
      'showStations(newStations: Record<string, number>)',
      'showStations(newStations: Record<string, bigint>)',
    ],
  ] as const) {
    expect(page).toContain(correct)
    page = page.replace(correct, wrong)
  }
  const said = await compile(page)
  for (const named of ['"borrowed"', "'bicycle'", "'Date'", "'trams'", "'bigint'"])
    expect(said).toContain(named)
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
