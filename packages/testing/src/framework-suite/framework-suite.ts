import { withoutUnhandledRejections } from '../unhandled-rejections.ts'
import { compressionCases } from './compression-cases.ts'
import { compressionEndCases } from './compression-end-cases.ts'
import { disconnectCases } from './disconnect-cases.ts'
import { endCases } from './end-cases.ts'
import { eventCases } from './event-cases.ts'
import type { FrameworkHost, StartFramework } from './framework-host.ts'
import { headCases } from './head-cases.ts'
import { leakCases } from './leak-cases.ts'
import { limitCases } from './limit-cases.ts'
import { middlewareCases } from './middleware-cases.ts'
import { misuseCases } from './misuse-cases.ts'
import { pollCases } from './poll-cases.ts'
import { refusalCases } from './refusal-cases.ts'
import { shutdownCases } from './shutdown-cases.ts'
import { slowClientCases } from './slow-client-cases.ts'
import { sourceCases } from './source-cases.ts'
import { sourceStopCases } from './source-stop-cases.ts'
import { type SuiteCase, SuiteTools } from './suite-case.ts'

/** Options of {@link frameworkSuite}. */
export interface FrameworkSuiteOptions {
  /** Registers a test, as `test` of jest and node:test do. */
  test: (name: string, run: () => Promise<void>) => unknown
  /** Starts an app of the framework under test. */
  start: StartFramework
  /** The protocol of the app: cases that do not apply to it are not registered. */
  protocol: FrameworkHost['protocol']
  /** Whether the framework can route the method QUERY (RFC 10008). Default: true. */
  routesQuery?: boolean
}

const cases: SuiteCase[] = [
  ...headCases,
  ...eventCases,
  ...sourceCases,
  ...sourceStopCases,
  ...disconnectCases,
  ...slowClientCases,
  ...shutdownCases,
  ...endCases,
  ...limitCases,
  ...refusalCases,
  ...pollCases,
  ...middlewareCases,
  ...compressionCases,
  ...compressionEndCases,
  ...misuseCases,
  ...leakCases,
]

/**
 * The conformance suite for an adapter: everything that an event stream promises, the same on every framework.
 *
 * @example
 * frameworkSuite({ test, protocol: 'http/1.1', start: startMyFramework })
 */
export function frameworkSuite({ test, start, protocol, routesQuery = true }: FrameworkSuiteOptions): void {
  for (const { name, only, run } of cases) {
    if (only === undefined || only === protocol || (only === 'QUERY' && routesQuery)) {
      test(name, () => withoutUnhandledRejections(() => runCase(start, run)))
    }
  }
}

async function runCase(start: StartFramework, run: SuiteCase['run']): Promise<void> {
  const tools = new SuiteTools(start)
  try {
    await run(tools)
  } finally {
    await tools.close()
  }
}
