import { type Browser, chromium, type LaunchOptions } from 'playwright-core'
import { howToInstall, partPath } from '../../scripts/test-parts.mjs'
import { type SharedPart, sharedPart } from '../shared-parts.ts'

/** One Chromium for all test files: starting one takes a second of CPU, and twenty files need one. */
export async function makeChromium(): Promise<SharedPart> {
  const server = await chromium.launchServer({ ...launchOptions(), host: '127.0.0.1' })
  return { address: server.wsEndpoint(), dispose: () => server.close() }
}

/** A Chromium. In Jest all files share one, and closing it closes only what was opened through it. */
export async function launchChromium(): Promise<Browser> {
  const address = await sharedPart('chromium')
  return address === undefined ? chromium.launch(launchOptions()) : chromium.connect(address)
}

/** The full Chromium: the headless shell, which other tests use, keeps no page for the back button. */
export function launchWholeChromium(): Promise<Browser> {
  // Playwright switches the cache of pages off.
  return chromium.launch({
    ...launchOptions('chromium'),
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  })
}

function launchOptions(part = 'headless-shell'): LaunchOptions {
  const executablePath = partPath(part)
  if (!executablePath) throw new Error(`Chromium is missing. To install it: ${howToInstall(part)}`)
  const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync']
  return { executablePath, args: [...flags, '--disable-background-networking', '--disable-component-update'] }
}
