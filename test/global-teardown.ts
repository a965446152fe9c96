import type { ChromiumServer } from './browser/chromium-server.ts'

/** Jest calls it after the last test file. */
export default async function tearDown(): Promise<void> {
  const { chromiumServer } = globalThis as { chromiumServer?: ChromiumServer }
  await chromiumServer?.stop()
}
