import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openEventStream } from '@downstream/core'
import type { Browser, BrowserContext } from 'playwright-core'
import { launchChromium } from '../../../../test/browser/chromium.ts'
import { Journal } from '../../../../test/clients/journal.ts'
import { servePage } from './page.ts'

let browser: Browser
let context: BrowserContext
const servers: Server[] = []

beforeAll(async () => {
  browser = await launchChromium()
})

beforeEach(async () => {
  context = await browser.newContext()
})

afterEach(async () => {
  await context.close()
  for (const server of servers.splice(0)) {
    server.close()
    server.closeAllConnections()
  }
})

afterAll(() => browser?.close())

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test.each([
  ['include', 'session=1'],
  ['same-origin', undefined],
  ['omit', undefined],
])('credentials: %s sends the cookie %s to another origin', async (credentials, expected) => {
  const cookies = new Journal<string | undefined>()
  const pages = await serve(servePage)
  const api = await serve((req, res) => {
    cookies.add(req.headers.cookie)
    res.setHeader('Access-Control-Allow-Origin', pages)
    res.setHeader('Access-Control-Allow-Credentials', 'true')
    openEventStream(req, res)
  })
  await context.addCookies([{ name: 'session', value: '1', url: api }])
  const page = await context.newPage()
  await page.goto(`${pages}/?url=${api}/events&credentials="${credentials}"`)
  expect(await cookies.at(0)).toBe(expected)
  await page.waitForFunction(`states.at(-1) === 'open'`)
})
