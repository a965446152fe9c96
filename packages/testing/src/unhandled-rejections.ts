import assert from 'node:assert/strict'

/** Runs a case of a suite, which fails if a promise was rejected meanwhile without a handler. */
export async function withoutUnhandledRejections(run: () => Promise<void>): Promise<void> {
  const unhandled: unknown[] = []
  const onUnhandled = (error: unknown) => unhandled.push(error)
  process.on('unhandledRejection', onUnhandled)
  try {
    await run()
  } finally {
    process.off('unhandledRejection', onUnhandled)
  }
  assert.deepEqual(unhandled, [], 'unhandled rejections')
}
