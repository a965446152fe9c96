// Reading streams in tests

// Conformance of logs, and a log that fails
export type { CreateEventLog, EventLogAbility, EventLogHost } from './event-log-suite/event-log-host.ts'
export { type EventLogSuiteOptions, eventLogSuite } from './event-log-suite/event-log-suite.ts'
export { type EventParser, eventParser } from './event-parser.ts'
export { eventually } from './eventually.ts'
export { FaultyLog, type ResetReason } from './faulty-log.ts'
// Conformance of adapters
export type { Exchange, FrameworkHost, Handler, StartFramework } from './framework-suite/framework-host.ts'
export { type FrameworkSuiteOptions, frameworkSuite } from './framework-suite/framework-suite.ts'

// Clients that misbehave
export { RawClient } from './raw-client.ts'
export { readEvents, takeEvents } from './read-events.ts'
export { parseEvents, type ReceivedEvent } from './received-event.ts'
