import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page, Response } from 'playwright-core'
import { launchChromium } from '../browser/chromium.ts'
import { firstVisits } from '../browser/first-visits.ts'
import { CopiedApp } from './copied-app.ts'
import { findFlaws } from './first-sight.ts'

/** Each example works outside the workspace, as its user gets it. */
export function copiesSuite(examples: string[]): void {
  const temporary = mkdtempSync(join(tmpdir(), 'copies-'))
  let browser: Browser
  let app: CopiedApp | undefined

  beforeAll(async () => {
    browser = await launchChromium()
  })

  afterAll(async () => {
    await browser?.close()
    rmSync(temporary, { recursive: true, force: true })
  })

  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()))
    await app?.stop()
  })

  test.each(examples)('%s works as a copy', async (example) => {
    app = await CopiedApp.copy(example, join(temporary, example))
    const url = await app.start()

    const page = await browser.newPage({ ignoreHTTPSErrors: true })
    const broken: string[] = []
    page.on('pageerror', (error) => broken.push(error.message))
    // A red line in the console is what a developer sees first.
    page.on('console', (message) => {
      if (message.type() === 'error') broken.push(`${message.text()} ${message.location().url}`)
    })
    page.on('response', (response) => {
      if (isPartOfPage(response) && !response.ok()) broken.push(`${response.status()} ${response.url()}`)
    })
    const stream = page.waitForResponse(isEventStream)
    await page.goto(url)
    const flaws = await findFlaws(page)
    await visit(page, example)
    await stream
    expect([...flaws, ...(await findFlaws(page))]).toEqual([])
    expect(broken).toEqual([])
  })
}

function visit(page: Page, example: string): Promise<void> {
  const visit = firstVisits[example]
  if (visit === undefined) throw new Error(`${example} is missing in first-visits.ts`)
  return visit(page)
}

function isEventStream(response: Response): boolean {
  return response.headers()['content-type']?.startsWith('text/event-stream') ?? false
}

function isPartOfPage(response: Response): boolean {
  return ['document', 'script', 'stylesheet', 'font', 'image'].includes(response.request().resourceType())
}
