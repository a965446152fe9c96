import type { Browser, LaunchOptions, Page } from 'playwright-core'
import { howToInstall, partPath } from '../../scripts/test-parts.mjs'
import { loadOnce } from '../load-once.ts'
import { type SharedPart, sharedPart } from '../shared-parts.ts'

/** How many ms a test waits for a page. 30 s, the default of Playwright, is too short while other programs use all cores. */
const TIMEOUT = 140_000

/** One Chromium for all test files: starting one takes a second of CPU, and twenty files need one. */
export async function makeChromium(): Promise<SharedPart> {
  const { chromium } = await playwright()
  const server = await chromium.launchServer({ ...launchOptions(), host: '127.0.0.1' })
  return { address: server.wsEndpoint(), dispose: () => server.close() }
}

/** A Chromium. In Jest all files share one, and closing it closes only what was opened through it. */
export async function launchChromium(): Promise<Browser> {
  const [{ chromium }, address] = await Promise.all([playwright(), sharedPart('chromium')])
  const browser = await (address === undefined ? chromium.launch(launchOptions()) : chromium.connect(address))
  browser.on('context', (context) => {
    context.setDefaultTimeout(TIMEOUT)
    context.on('page', askSeldom)
  })
  withoutMotion(browser)
  return browser
}

/** While something fades in, Chromium draws sixty frames a second. A list that gets twenty items a second fades all the time. */
function withoutMotion(browser: Browser): void {
  const create = browser.newContext.bind(browser)
  browser.newContext = (options) => create({ reducedMotion: 'reduce', ...options })
}

/** waitForFunction() asks at each frame, which makes Chromium draw sixty of them a second while it waits. */
function askSeldom(page: Page): void {
  const ask: (condition: string, argument: unknown, options: object) => Promise<unknown> =
    page.waitForFunction.bind(page)
  page.waitForFunction = (condition: string, argument?: unknown, options?: object) =>
    ask(condition, argument, { polling: 20, ...options }) as never
}

/** The full Chromium: the headless shell, which other tests use, keeps no page for the back button. */
export async function launchWholeChromium(): Promise<Browser> {
  const { chromium } = await playwright()
  return chromium.launch({
    ...launchOptions('chromium'),
    // Playwright switches the back/forward cache off.
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  })
}

function playwright(): Promise<typeof import('playwright-core')> {
  return loadOnce('playwright-core', () => import('playwright-core'))
}

function launchOptions(part = 'headless-shell'): LaunchOptions {
  const executablePath = partPath(part)
  if (!executablePath) throw new Error(`Chromium is missing. To install it: ${howToInstall(part)}`)
  const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync']
  // The start of a process is almost half of the CPU time of a small page. The tabs of a context share a process;
  // contexts still have separate ones.
  flags.push('--renderer-process-limit=1')
  // Without a GPU, a separate process for drawing, and an emulated GPU in it, only cost CPU time.
  flags.push('--in-process-gpu', '--disable-software-rasterizer')
  return { executablePath, args: [...flags, '--disable-background-networking', '--disable-component-update'] }
}
