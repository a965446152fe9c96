import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, Page, Response } from 'playwright-core'
import { packPackages } from '../../scripts/pack-packages.mjs'
import { launchChromium } from '../browser/chromium.ts'
import { firstVisits } from '../browser/first-visits.ts'
import { CopiedApp } from './copied-app.ts'
import { SharedInstall } from './shared-install.ts'

// npm fetches what it does not have yet.
jest.setTimeout(120_000)

const root = fileURLToPath(new URL('../..', import.meta.url))
const examples = readdirSync(join(root, 'examples'))
const temporary = mkdtempSync(join(tmpdir(), 'copies-'))
let installed: SharedInstall
let browser: Browser
let app: CopiedApp

beforeAll(async () => {
  execFileSync('npm', ['run', 'build'], { cwd: root, stdio: 'pipe' })
  const directories = examples.map((example) => join(root, 'examples', example))
  installed = await SharedInstall.of(directories, packPackages(temporary), join(temporary, 'installed'))
  browser = await launchChromium()
})

afterAll(async () => {
  await browser?.close()
  rmSync(temporary, { recursive: true, force: true })
})

afterEach(async () => {
  await Promise.all(browser.contexts().map((context) => context.close()))
  await app.stop()
})

test.each(examples)('%s works where it is copied to', async (example) => {
  app = await CopiedApp.copy(join(root, 'examples', example), join(temporary, 'copies', example))
  await installed.linkInto(app.directory)
  await app.typecheck()
  const url = await app.start()

  const page = await browser.newPage()
  page.setDefaultTimeout(30_000)
  const broken: string[] = []
  page.on('pageerror', (error) => broken.push(error.message))
  page.on('response', (response) => {
    if (isPartOfPage(response) && !response.ok()) broken.push(`${response.status()} ${response.url()}`)
  })
  const stream = page.waitForResponse(isEventStream)
  await page.goto(url)
  await visit(page, example)
  await stream
  expect(broken).toEqual([])
})

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
