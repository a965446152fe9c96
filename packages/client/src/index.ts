export { connect } from './connect.ts'
export type { ConnectError } from './connect-error.ts'
export type { ConnectOptions } from './connect-options.ts'
export type { EventMap, ReceivedEvent, SourceState, TypedEventSource } from './typed-event-source.ts'
