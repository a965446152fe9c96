import { AssertionError } from 'node:assert/strict'
import promises from 'node:timers/promises'

// Captured when this module is loaded: with fake timers, a test would wait forever.
const { setTimeout: sleep } = promises
const now = performance.now.bind(performance)

/** Less than the 5 s after which Jest and Vitest end a test, which would hide the message. */
let patience = 4_000

/**
 * Sets how many ms {@link eventually}, {@link RawClient} and the conformance suites wait before they fail. Default: 4
 * 000. If your tests may take longer than the 5 s of Jest and Vitest, set it in a setup file, and keep it below the
 * timeout of the test runner.
 */
export function setPatience(ms: number): void {
  patience = ms
}

/**
 * Waits until `condition` returns a truthy value, and returns it. Fails after 4 s (see {@link setPatience}); the
 * message contains `what`, and the result of `state` at that time.
 */
export async function eventually<T>(
  what: string,
  condition: () => T | Promise<T>,
  state?: () => unknown,
): Promise<Exclude<T, false | undefined | null>> {
  const limit = patience
  const deadline = now() + limit
  // The promise of a condition may never settle.
  const over = new AbortController()
  const late = sleep(limit, undefined, { signal: over.signal, ref: false }).catch(() => undefined)
  try {
    for (;;) {
      const value = await Promise.race([condition(), late])
      if (value) return value as Exclude<T, false | undefined | null>
      if (now() >= deadline) throw new AssertionError({ message: timedOut(what, limit, state?.()) })
      await sleep(5)
    }
  } finally {
    over.abort()
  }
}

/** Waits until `count` is above 0 and has not changed for 150 ms, and returns it. */
export async function standstill(what: string, count: () => number): Promise<number> {
  let before = -1
  let since = now()
  await eventually(what, () => {
    const counted = count()
    if (counted !== before) since = now()
    before = counted
    return counted > 0 && now() - since > 150
  })
  return before
}

function timedOut(what: string, limit: number, state: unknown): string {
  const found = state === undefined ? '' : `; ${typeof state === 'string' ? state : JSON.stringify(state)}`
  return `Timed out after ${limit} ms: ${what}${found}`
}
