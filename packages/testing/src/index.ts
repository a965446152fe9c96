// Reading streams in tests
export { type EventParser, eventParser } from './event-parser.ts'
export { eventually } from './eventually.ts'
// Conformance of adapters
export type { Exchange, FrameworkHost, Handler, StartFramework } from './framework-suite/framework-host.ts'
export { type FrameworkSuiteOptions, frameworkSuite } from './framework-suite/framework-suite.ts'

// Clients that misbehave
export { RawClient } from './raw-client.ts'
export { readEvents, takeEvents } from './read-events.ts'
export { parseEvents, type ReceivedEvent } from './received-event.ts'
