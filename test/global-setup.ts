import { bundleClient } from '../scripts/bundle-client.mjs'
import { makeBundledServer } from './browser/bundled-server.ts'
import { makeChromium } from './browser/chromium.ts'
import { makeSharedInstall } from './copies/shared-install.ts'
import { SharedParts } from './shared-parts.ts'
import { makeTarballs } from './shared-tarballs.ts'
import { bundleSources } from './sources/bundle-sources.mjs'

/** Jest calls it before the first test file; global-teardown.ts undoes it. */
export default async function setUp(): Promise<void> {
  // The client as pages without a bundler load it.
  bundleClient()
  bundleSources()
  process.env.BUNDLED_SOURCES = '1'
  const sharedParts = await SharedParts.start({
    chromium: makeChromium,
    server: makeBundledServer,
    tarballs: makeTarballs,
    examplePackages: makeSharedInstall,
  })
  Object.assign(globalThis, { sharedParts })
}
