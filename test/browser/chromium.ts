import { type Browser, chromium } from 'playwright-core'
import { chromiumPath, howToInstall } from '../../scripts/test-parts.mjs'

export async function launchChromium(): Promise<Browser> {
  const executablePath = chromiumPath()
  if (!executablePath) throw new Error(`Chromium is missing. To install it: ${howToInstall('chromium')}`)
  const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync']
  return chromium.launch({
    executablePath,
    args: [...flags, '--disable-background-networking', '--disable-component-update'],
  })
}
