import { runCase } from '../run-case.ts'
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
    test(name, () => withoutUnhandledRejections(() => runCase(new StoreTools(create), run, 'store')))
  }
}
