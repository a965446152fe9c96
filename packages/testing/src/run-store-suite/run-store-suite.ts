import { runCase } from '../run-case.ts'
import { withoutUnhandledRejections } from '../unhandled-rejections.ts'
import { claimCases } from './claim-cases.ts'
import { followCases } from './follow-cases.ts'
import { readCases } from './read-cases.ts'
import type { CreateRunStore, RunStoreAbility } from './run-store-host.ts'
import { sharedCases } from './shared-cases.ts'
import { type StoreCase, StoreTools } from './store-case.ts'

/** Options of {@link runStoreSuite}. */
export interface RunStoreSuiteOptions {
  /** Registers a test, as `test` of jest and node:test do. */
  test: (name: string, run: () => Promise<void>) => unknown
  /** Creates a fresh store. Each case calls it once. */
  create: CreateRunStore
  /** Abilities that the engine lacks: cases that need them are not registered. Default: none. */
  without?: readonly RunStoreAbility[]
}

const cases: StoreCase[] = [...claimCases, ...readCases, ...followCases, ...sharedCases]

/**
 * The conformance suite for a `RunStore`: every MUST of its contract, whatever the engine. A case that takes longer
 * than two minutes fails.
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
