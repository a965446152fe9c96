import { setTimeout as sleep } from 'node:timers/promises'

/** Not how long things take, but when to give up: on a busy machine everything takes long. */
const DEADLINE = 45_000

/** Waits until `condition` holds; fails with `what`, and with what `state` says by then, when it never does. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  state: () => unknown = () => '',
): Promise<void> {
  const deadline = Date.now() + DEADLINE
  // What the condition awaits may never come.
  const late = new AbortController()
  const end = sleep(DEADLINE, true, { signal: late.signal, ref: false }).catch(() => true)
  try {
    while (!(await Promise.race([condition(), end.then(() => Date.now() < deadline)]))) {
      if (Date.now() >= deadline) throw new Error(`Waited ${DEADLINE} ms in vain: ${what} ${print(state())}`)
      await sleep(10)
    }
  } finally {
    late.abort()
  }
}

function print(state: unknown): string {
  return typeof state === 'string' ? state : JSON.stringify(state)
}
