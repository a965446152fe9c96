import { AssertionError } from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

const DEADLINE = 10_000

/** Waits until `condition` gives something true, and returns it; fails with `what` after ten seconds. */
export async function eventually<T>(
  what: string,
  condition: () => T,
): Promise<Exclude<T, false | undefined | null>> {
  const deadline = Date.now() + DEADLINE
  for (;;) {
    const value = condition()
    if (value) return value as Exclude<T, false | undefined | null>
    if (Date.now() > deadline) throw new AssertionError({ message: `Waited ${DEADLINE} ms in vain: ${what}` })
    await sleep(5)
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
