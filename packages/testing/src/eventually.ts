import { AssertionError } from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

/** Not how long things take, but when to give up: on a busy machine everything takes long. */
const DEADLINE = 30_000

/**
 * Waits until `condition` gives something true, and returns it. Fails after 30 s with `what` was waited for, and with
 * what `state` says by then.
 */
export async function eventually<T>(
  what: string,
  condition: () => T | Promise<T>,
  state?: () => unknown,
): Promise<Exclude<T, false | undefined | null>> {
  const deadline = Date.now() + DEADLINE
  // What the condition awaits may never come.
  const over = new AbortController()
  const late = sleep(DEADLINE, undefined, { signal: over.signal, ref: false }).catch(() => undefined)
  try {
    for (;;) {
      const value = await Promise.race([condition(), late])
      if (value) return value as Exclude<T, false | undefined | null>
      if (Date.now() >= deadline) throw new AssertionError({ message: inVain(what, state?.()) })
      await sleep(5)
    }
  } finally {
    over.abort()
  }
}

/** Waits until `count` is above 0 and has stood still for a while, and returns it. */
export async function standstill(what: string, count: () => number): Promise<number> {
  let before = -1
  let since = Date.now()
  await eventually(what, () => {
    const now = count()
    if (now !== before) since = Date.now()
    before = now
    return now > 0 && Date.now() - since > 150
  })
  return before
}

function inVain(what: string, state: unknown): string {
  const found = state === undefined ? '' : `; ${typeof state === 'string' ? state : JSON.stringify(state)}`
  return `Waited ${DEADLINE} ms in vain: ${what}${found}`
}
