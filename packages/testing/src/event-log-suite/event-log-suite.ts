import { runCase } from '../run-case.ts'
import { withoutUnhandledRejections } from '../unhandled-rejections.ts'
import { appendCases } from './append-cases.ts'
import { boundsCases } from './bounds-cases.ts'
import { closeCases } from './close-cases.ts'
import { cursorCases } from './cursor-cases.ts'
import { entryCases } from './entry-cases.ts'
import type { CreateEventLog, EventLogAbility } from './event-log-host.ts'
import { followCases } from './follow-cases.ts'
import { type LogCase, LogTools } from './log-case.ts'
import { readCases } from './read-cases.ts'
import { sharedCases } from './shared-cases.ts'

/** Options of {@link eventLogSuite}. */
export interface EventLogSuiteOptions {
  /** Registers a test, as `test` of jest and node:test do. */
  test: (name: string, run: () => Promise<void>) => unknown
  /** Creates a fresh log. Each case calls it once, some several times. */
  create: CreateEventLog
  /**
   * Abilities that the engine lacks: cases that need them are not registered. The result of `create` MUST have all
   * others, or the cases that need them fail. Default: none.
   */
  without?: readonly EventLogAbility[]
}

const cases: LogCase[] = [
  ...appendCases,
  ...entryCases,
  ...readCases,
  ...cursorCases,
  ...boundsCases,
  ...followCases,
  ...closeCases,
  ...sharedCases,
]

/**
 * The conformance suite for an `EventLog`: every MUST of its contract, whatever the engine. A case that takes longer
 * than two minutes fails.
 *
 * @example
 * eventLogSuite({
 *   test,
 *   create: () => ({ log: new MemoryLog({ length: 500 }), bounds: { length: 500 } }),
 *   without: ['connect', 'clear', 'cut', 'scanned'],
 * })
 */
export function eventLogSuite({ test, create, without = [] }: EventLogSuiteOptions): void {
  for (const { name, needs, run } of cases) {
    if (needs !== undefined && without.includes(needs)) continue
    test(name, () => withoutUnhandledRejections(() => runCase(new LogTools(create), run, 'log')))
  }
}
