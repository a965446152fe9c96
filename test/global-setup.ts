import { bundleClient } from '../scripts/bundle-client.mjs'
import { ChromiumServer } from './browser/chromium-server.ts'

/** Jest calls it before the first test file; global-teardown.ts undoes it. */
export default async function setUp(): Promise<void> {
  // The client as pages without a bundler load it.
  bundleClient()
  Object.assign(globalThis, { chromiumServer: await ChromiumServer.start() })
}
