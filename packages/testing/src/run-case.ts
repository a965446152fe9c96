import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

/** The tools of a case. */
interface CaseTools {
  open(): Promise<void>
  close(): Promise<void>
}

const DEADLINE = 120_000

/**
 * Runs one case of a suite. Some test runners have no timeout, so a promise that never settles fails the case after two
 * minutes, which is long enough for a busy machine.
 *
 * @param whose - the tested object, for the message
 */
export async function runCase<Tools extends CaseTools>(
  tools: Tools,
  run: (tools: Tools) => Promise<void>,
  whose: string,
): Promise<void> {
  const over = new AbortController()
  const late = sleep(DEADLINE, undefined, { signal: over.signal, ref: false }).then(
    () => assert.fail(`not finished after ${DEADLINE} ms: a promise of the ${whose} did not settle`),
    () => {},
  )
  const whole = async () => {
    try {
      await tools.open()
      await run(tools)
    } finally {
      await tools.close()
    }
  }
  try {
    await Promise.race([whole(), late])
  } finally {
    over.abort()
  }
}
