import type { SharedParts } from './shared-parts.ts'

/** Jest calls it after the last test file. */
export default async function tearDown(): Promise<void> {
  const { sharedParts } = globalThis as { sharedParts?: SharedParts }
  await sharedParts?.stop()
}
