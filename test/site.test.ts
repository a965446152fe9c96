// `npm run docs`: the site that it builds, its links, and its look in Chromium.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, extname, join } from 'node:path'
import { eventually } from '@downstream/testing'
import type { Browser, Page } from 'playwright-core'
import { launchChromium } from './browser/chromium.ts'
import { root } from './snippet-project.ts'

const site = mkdtempSync(join(tmpdir(), 'site-'))
const types: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
}
let server: Server
let url: string
let browser: Browser
let page: Page
let broken: string[]

beforeAll(async () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['site/build.mjs', site], {
    cwd: root,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`${stdout}\n${stderr}`)
  server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    const file = join(site, pathname.endsWith('/') ? `${pathname}index.html` : pathname)
    if (!existsSync(file)) return response.writeHead(404).end()
    response.setHeader('Content-Type', types[extname(file)] ?? 'application/octet-stream')
    return response.end(readFileSync(file))
  })
  await new Promise<void>((resolve) => server.listen(0, resolve))
  url = `http://localhost:${(server.address() as AddressInfo).port}`
  browser = await launchChromium()
})

afterAll(async () => {
  await browser?.close()
  server?.closeAllConnections()
  server?.close()
  rmSync(site, { recursive: true, force: true })
})

beforeEach(async () => {
  broken = []
  page = await browser.newPage({ colorScheme: 'light' })
  page.on('pageerror', (error) => broken.push(error.message))
  page.on('response', (response) => {
    if (!response.ok()) broken.push(`${response.status()} ${response.url()}`)
  })
})

afterEach(async () => {
  await page.close()
  expect(broken).toEqual([])
})

test('the site has every page of docs/, and all its links and pictures have targets', () => {
  const pages = readdirSync(site, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.html'),
  )
  const wanted = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'))
  expect(pages).toEqual(
    expect.arrayContaining(
      wanted.map((name) => `docs/${name.replace('README', 'index').replace('.md', '.html')}`),
    ),
  )
  const anchors = new Map(
    pages.map((path) => {
      const html = readFileSync(join(site, path), 'utf8')
      return [path, { html, ids: new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)) }]
    }),
  )
  const dead: string[] = []
  let checked = 0
  for (const [path, { html }] of anchors) {
    for (const [, link = ''] of html.matchAll(/ (?:href|src|srcset)="([^"]+)"/g)) {
      if (/^(\w+:|\/\/)/.test(link)) continue
      checked++
      const [to = '', hash] = decodeURIComponent(link).split('#')
      const plain = to === '' ? path : to.startsWith('/') ? to.slice(1) : join(dirname(path), to)
      const file = plain === '' || plain.endsWith('/') ? `${plain}index.html` : plain
      const target = anchors.get(file)
      if (!existsSync(join(site, file))) dead.push(`${path}: ${link}`)
      else if (hash && target && !target.ids.has(hash)) dead.push(`${path}: ${link}`)
    }
  }
  expect(dead).toEqual([])
  expect(checked).toBeGreaterThan(1_000)
})

test('the front page leads to the docs, shows its pictures, and becomes dark with one click', async () => {
  await page.goto(url)
  await page.getByRole('heading', { level: 1, name: 'Downstream' }).waitFor()
  const widths = await page
    .locator('main img')
    .evaluateAll<number[], { naturalWidth: number }>((images) => images.map((image) => image.naturalWidth))
  expect(widths.length).toBeGreaterThan(0)
  expect(Math.min(...widths)).toBeGreaterThan(0)

  const brightness = () =>
    page.evaluate<number>('Number(/\\d+/.exec(getComputedStyle(document.body).backgroundColor)[0])')
  expect(await brightness()).toBeGreaterThan(200)
  await page.getByRole('switch').first().click()
  expect(await brightness()).toBeLessThan(60)

  await page.getByRole('link', { name: 'Quick start' }).first().click()
  await page.getByRole('heading', { level: 1, name: 'Quick start' }).waitFor()
  expect(new URL(page.url()).pathname).toBe('/docs/quick-start.html')
})

/** What people look for, and where the answer is. */
const answers: [words: string, address: RegExp][] = [
  ['nginx', /proxies/],
  ['Caddy', /proxies/],
  ['Traefik', /proxies/],
  ['Kubernetes', /proxies|deploy/],
  ['Heroku', /proxies/],
  ['Vercel', /proxies/],
  ['backpressure', /backpressure/],
  ['ERR_SSE_SLOW_CLIENT', /errors/],
  ['Nest', /other-frameworks/],
  ['Next.js', /other-frameworks/],
  ['Bun and Deno', /other-frameworks|runtimes/],
  ['Vitest', /testing/],
  ['HTTP/2', /http2/],
  ['pm2', /shutdown|deploy|faq/],
  ['who is online', /faq/],
  ['rate limiter', /faq/],
  ['React', /client|faq/],
  ['Svelte', /client|faq/],
  ['debug a stream', /faq/],
  ['how large', /faq/],
  ['persistent', /faq/],
]

test('the search finds the answers that people look for', async () => {
  await page.goto(`${url}/docs/`)
  await page.getByRole('button', { name: 'Search' }).first().click()
  const results = page.locator('.VPLocalSearchBox a.result')
  const missed: string[] = []
  for (const [words, address] of answers) {
    // Otherwise the results of the previous words would count.
    await page.getByPlaceholder('Search').fill('')
    await eventually('an empty list', async () => (await results.count()) === 0)
    await page.getByPlaceholder('Search').fill(words)
    const found = eventually(`results for ${words}`, async () => {
      const addresses = await results.evaluateAll<string[], { href: string }>((links) =>
        links.map(({ href }) => href),
      )
      return addresses.slice(0, 5).some((each) => address.test(each))
    })
    await found.catch(() => missed.push(words))
  }
  expect(missed).toEqual([])
})

test('the API reference has what the TSDoc says', async () => {
  await page.goto(`${url}/api/@downstream/core/interfaces/EventStream.html`)
  await page.getByRole('heading', { level: 1, name: 'EventStream' }).waitFor()
  const text = await page.locator('main').innerText()
  expect(text).toContain('lastEventId')
  expect(text).toContain('Awaiting it')
})
