import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { withoutUnhandledRejections } from '../unhandled-rejections.ts'
import { claimCases } from './claim-cases.ts'
import { followCases } from './follow-cases.ts'
import { readCases } from './read-cases.ts'
import type { CreateRunStore, RunStoreAbility } from './run-store-host.ts'
import { sharedCases } from './shared-cases.ts'
import { type StoreCase, StoreTools } from './store-case.ts'

/** What {@link runStoreSuite} is given. */
export interface RunStoreSuiteOptions {
  /** Registers a test, as jest's and node:test's `test` do. */
  test: (name: string, run: () => Promise<void>) => unknown
  /** Makes a fresh store; each case asks for one. */
  create: CreateRunStore
  /** What the engine has not got: cases that need it are not registered. Default none. */
  without?: readonly RunStoreAbility[]
}

const DEADLINE = 30_000

const cases: StoreCase[] = [...claimCases, ...readCases, ...followCases, ...sharedCases]

/**
 * The conformance suite for a `RunStore`: every MUST of its contract, whatever the engine. A case that is not through
 * after 30 seconds fails.
 *
 * @example
 * runStoreSuite({
 *   test,
 *   create: () => ({ store: new MemoryRunStore() }),
 *   without: ['connect', 'crash', 'pause', 'clear'],
 * })
 */
export function runStoreSuite({ test, create, without = [] }: RunStoreSuiteOptions): void {
  for (const { name, needs, run } of cases) {
    if (needs !== undefined && without.includes(needs)) continue
    test(name, () => withoutUnhandledRejections(() => runCase(create, run)))
  }
}

async function runCase(create: CreateRunStore, run: StoreCase['run']): Promise<void> {
  const tools = new StoreTools(create)
  const over = new AbortController()
  const late = sleep(DEADLINE, undefined, { signal: over.signal, ref: false }).then(
    () => assert.fail(`not through after ${DEADLINE} ms: a promise of the store did not settle`),
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
