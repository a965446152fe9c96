import { bundleClient } from '../scripts/bundle-client.mjs'
import { makeChromium } from './browser/chromium.ts'
import { SharedParts } from './shared-parts.ts'
import { makeTarballs } from './shared-tarballs.ts'

/** Jest calls it before the first test file; global-teardown.ts undoes it. */
export default async function setUp(): Promise<void> {
  // The client as pages without a bundler load it.
  bundleClient()
  const sharedParts = await SharedParts.start({ chromium: makeChromium, tarballs: makeTarballs })
  Object.assign(globalThis, { sharedParts })
}
