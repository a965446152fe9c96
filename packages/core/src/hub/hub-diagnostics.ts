import { channel } from 'node:diagnostics_channel'
import type { Cursor, EventLog } from '../log/event-log.ts'
import type { DiagnosticsChannel } from '../process/diagnostics-channel.ts'
import type { EventStream } from '../stream/event-stream.ts'
import type { GapReason } from './control-event.ts'

/** The message of `downstream:hub:publish`: the log has an event that this process has published. */
export interface HubPublishMessage {
  /** That of the hub. */
  readonly log: EventLog
  readonly channels: readonly string[]
  readonly event: string | undefined
  readonly id: Cursor
}

/** The message of `downstream:hub:gap`: a client was told that it may have missed something. */
export interface HubGapMessage {
  readonly stream: EventStream
  readonly key: string | undefined
  readonly reason: GapReason
}

/** The message of `downstream:log:state`: the engine of a log was found to be up or down. */
export interface LogStateMessage {
  readonly log: EventLog
  readonly state: 'up' | 'down'
  readonly error: unknown
}

export const publishDiagnostics: DiagnosticsChannel<HubPublishMessage> = channel('downstream:hub:publish')
export const gapDiagnostics: DiagnosticsChannel<HubGapMessage> = channel('downstream:hub:gap')
export const logStateDiagnostics: DiagnosticsChannel<LogStateMessage> = channel('downstream:log:state')
