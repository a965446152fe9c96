import { type Browser, chromium, type LaunchOptions } from 'playwright-core'
import { chromiumPath, howToInstall } from '../../scripts/test-parts.mjs'

/**
 * A Chromium. In Jest it is the one of chromium-server.ts, which all files share: to close it closes only what was
 * opened through it.
 */
export async function launchChromium(): Promise<Browser> {
  const server = process.env.CHROMIUM_SERVER
  if (server === undefined) return chromium.launch(launchOptions())
  const response = await fetch(server)
  const answer = await response.text()
  if (!response.ok) throw new Error(answer)
  return chromium.connect(answer)
}

export function launchOptions(): LaunchOptions {
  const executablePath = chromiumPath()
  if (!executablePath) throw new Error(`Chromium is missing. To install it: ${howToInstall('chromium')}`)
  const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync']
  return {
    executablePath,
    args: [...flags, '--disable-background-networking', '--disable-component-update'],
    // As people have it.
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  }
}
