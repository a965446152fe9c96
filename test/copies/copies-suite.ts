import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Browser, Page, Response } from 'playwright-core'
import { launchChromium } from '../browser/chromium.ts'
import { firstVisits } from '../browser/first-visits.ts'
import { CopiedApp } from './copied-app.ts'
import { findFlaws } from './first-sight.ts'
import { linkPackages, sharedInstall } from './shared-install.ts'
import { terminal } from './terminal.ts'

const run = promisify(execFile)

/** Each example works outside the workspace, as its user gets it. */
export function copiesSuite(examples: string[]): void {
  const temporary = mkdtempSync(join(tmpdir(), 'copies-'))
  const copies = new Map<string, CopiedApp>()
  let installed: string
  let browser: Browser
  let app: CopiedApp | undefined

  beforeAll(async () => {
    installed = await sharedInstall()
    for (const example of examples) {
      const copy = CopiedApp.copy(example, join(temporary, example))
      await linkPackages(installed, copy.directory)
      copies.set(example, copy)
    }
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

  // One process, in which they share the declarations of their packages: that takes a third of the time.
  test('the compiler accepts every copy, by its own tsconfig.json', async () => {
    const projects = examples.filter((example) => copies.get(example)?.isTypeScript)
    const tsc = join(installed, 'node_modules', '.bin', 'tsc')
    const { stdout } = await run(tsc, ['--build', '--verbose', '--pretty', 'false', ...projects], {
      cwd: temporary,
      env: terminal(),
    }).catch(({ stdout }) => {
      throw new Error(stdout)
    })
    for (const project of projects) expect(stdout).toContain(`Building project '${project}/tsconfig.json'`)
  })

  test.each(examples)('%s works as a copy', async (example) => {
    app = copies.get(example) as CopiedApp
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
