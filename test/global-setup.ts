import { ChromiumServer } from './browser/chromium-server.ts'

/** Jest calls it before the first test file; global-teardown.ts undoes it. */
export default async function setUp(): Promise<void> {
  Object.assign(globalThis, { chromiumServer: await ChromiumServer.start() })
}
