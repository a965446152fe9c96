// Reading streams in tests
export { type EventParser, eventParser } from './event-parser.ts'
export { eventually, setPatience } from './eventually.ts'
export { readEvents, takeEvents } from './read-events.ts'
export { parseEvents, type ReceivedEvent } from './received-event.ts'

// A client and a log that misbehave
export { FaultyLog } from './faulty-log.ts'
export type { ResetReason } from './outlet.ts'
export { RawClient } from './raw-client.ts'

// Conformance of adapters
export type { Exchange, FrameworkHost, Handler, StartFramework } from './framework-suite/framework-host.ts'
export { type FrameworkSuiteOptions, frameworkSuite } from './framework-suite/framework-suite.ts'

// Conformance of logs
export type { CreateEventLog, EventLogAbility, EventLogHost } from './event-log-suite/event-log-host.ts'
export { type EventLogSuiteOptions, eventLogSuite } from './event-log-suite/event-log-suite.ts'

// Conformance of stores of runs
export type { CreateRunStore, RunStoreAbility, RunStoreHost } from './run-store-suite/run-store-host.ts'
export { type RunStoreSuiteOptions, runStoreSuite } from './run-store-suite/run-store-suite.ts'
