import { channel } from 'node:diagnostics_channel'
import type { Cursor, EventLog } from '../log/event-log.ts'
import type { DiagnosticsChannel } from '../process/diagnostics-channel.ts'
import type { EventStream } from '../stream/event-stream.ts'
import type { GapReason } from './control-event.ts'

/** The message of `downstream:hub:publish`: the log has stored an event that this process published. */
export interface HubPublishMessage {
  /** The log of the hub. */
  readonly log: EventLog
  readonly channels: readonly string[]
  readonly event: string | undefined
  readonly id: Cursor
}

/** The message of `downstream:hub:gap`: a client is sent a gap, because it may have missed events. */
export interface HubGapMessage {
  readonly stream: EventStream
  readonly key: string | undefined
  readonly reason: GapReason
}

/** The message of `downstream:log:state`: a log was found to be up or down. */
export interface LogStateMessage {
  readonly log: EventLog
  readonly state: 'up' | 'down'
  readonly error: unknown
}

export const publishDiagnostics: DiagnosticsChannel<HubPublishMessage> = channel('downstream:hub:publish')
export const gapDiagnostics: DiagnosticsChannel<HubGapMessage> = channel('downstream:hub:gap')
export const logStateDiagnostics: DiagnosticsChannel<LogStateMessage> = channel('downstream:log:state')
