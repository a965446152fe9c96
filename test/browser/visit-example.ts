import type { Browser, BrowserContext, Page } from 'playwright-core'
import { launchChromium } from './chromium.ts'
import type { ExampleServer } from './example-server.ts'

/** An example in a test: its server, and its pages in a real Chromium. */
export interface Visit {
  /** The server that the test currently uses. A test may end it or replace it. */
  server: Pick<ExampleServer, 'url' | 'kill' | 'interrupt'>
  /** Opens a page as a new user, or as another tab of a context. An error in its scripts fails the test. */
  open(path?: string, context?: BrowserContext): Promise<Page>
}

/** For the tests of one file: each gets its own server, which ends with the test. */
export function visitExample(start: () => Promise<Visit['server']>): Visit {
  let browser: Browser
  let server: Visit['server']
  let errors: Error[]

  beforeAll(async () => {
    browser = await launchChromium()
  })

  beforeEach(async () => {
    errors = []
    server = await start()
  })

  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()))
    await server?.kill()
    expect(errors).toEqual([])
  })

  afterAll(() => browser?.close())

  return {
    get server() {
      return server
    },
    set server(next) {
      server = next
    },
    async open(path = '/', context) {
      const page = await (context ?? (await browser.newContext({ ignoreHTTPSErrors: true }))).newPage()
      page.on('pageerror', (error) => errors.push(error))
      await page.goto(server.url + path)
      return page
    },
  }
}

/** Waits until the page shows this state of its connection. */
export async function waitForState(page: Page, state: string): Promise<void> {
  await page.locator(`body[data-state="${state}"]`).waitFor()
}
