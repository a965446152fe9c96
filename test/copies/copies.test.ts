import { spawnSync } from 'node:child_process'
import { existsSync, lstatSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, Page, Response } from 'playwright-core'
import { bringPackages, copyExample, examples } from '../../scripts/copy-example.mjs'
import { readManifest, tarballsIn } from '../../scripts/pack-packages.mjs'
import { launchChromium } from '../browser/chromium.ts'
import { firstVisits } from '../browser/first-visits.ts'
import { sharedTarballs } from '../shared-tarballs.ts'
import { CopiedApp } from './copied-app.ts'
import { findFlaws } from './first-sight.ts'
import { SharedInstall } from './shared-install.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const temporary = mkdtempSync(join(tmpdir(), 'copies-'))
let tarballs: Map<string, string>
let installed: SharedInstall
let browser: Browser
let app: CopiedApp | undefined

beforeAll(async () => {
  const directories = examples.map((example) => join(root, 'examples', example))
  tarballs = tarballsIn(await sharedTarballs())
  installed = await SharedInstall.of(directories, tarballs, join(temporary, 'installed'))
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
  app = CopiedApp.copy(example, join(temporary, 'copies', example))
  await installed.linkInto(app.directory)
  await app.typecheck()
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

test('npm run copy includes the files that all examples share, and our packages', async () => {
  const copy = join(temporary, 'copied')
  copyExample('express-jokes', copy)
  bringPackages(copy, tarballs)
  for (const file of ['base.css', 'show-state.js'])
    expect(lstatSync(join(copy, 'public', file)).isFile()).toBe(true)
  expect(existsSync(join(copy, 'test'))).toBe(false)
  const { dependencies } = readManifest(copy)
  for (const name of ['core', 'express']) {
    const path: string = dependencies[`@downstream/${name}`]
    expect(path).toMatch(/^file:packages\//)
    expect(existsSync(join(copy, path.slice('file:'.length)))).toBe(true)
  }
})

test('npm run copy lists the examples', () => {
  const { status, stderr } = spawnSync('node', ['scripts/copy.mjs', 'express-joke'], {
    cwd: root,
    encoding: 'utf8',
  })
  expect(stderr).toContain('no example "express-joke"')
  expect(stderr).toContain('express-jokes')
  expect(status).toBe(1)
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
