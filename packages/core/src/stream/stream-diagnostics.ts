import { channel } from 'node:diagnostics_channel'
import type { SseCloseCode } from '../errors.ts'
import { clock } from '../process/clock.ts'
import type { DiagnosticsChannel } from '../process/diagnostics-channel.ts'
import type { EventStream } from './event-stream.ts'
import type { Request, Response } from './exchange.ts'
import type { RefuseReason } from './refusal.ts'
import type { StreamPort } from './stream-port.ts'

/** The message of `downstream:stream:open`: the headers of a stream have been handed to Node. */
export interface StreamOpenMessage {
  readonly stream: EventStream
  /** Those of `node:http` or `node:http2`. */
  readonly request: Request
  readonly response: Response
}

/** What became of a stream. */
export interface StreamSummary {
  /** Why it is over: see `stream.reason`. */
  readonly code: SseCloseCode
  /** In ms, from its opening until its response had finished or its client had disconnected. */
  readonly duration: number
  /** Events that were sent, without comments, bookmarks and gaps. */
  readonly events: number
  /** Bytes that were sent, without the headers. */
  readonly bytes: number
}

/** The message of `downstream:stream:close`: the response has finished, or its client has disconnected. */
export interface StreamCloseMessage extends StreamOpenMessage, StreamSummary {}

/** The message of `downstream:stream:refuse`. */
export interface StreamRefuseMessage {
  readonly reason: RefuseReason
  readonly status: number
  readonly request: Request
  readonly response: Response
}

const opened: DiagnosticsChannel<StreamOpenMessage> = channel('downstream:stream:open')
const closed: DiagnosticsChannel<StreamCloseMessage> = channel('downstream:stream:close')
const refused: DiagnosticsChannel<StreamRefuseMessage> = channel('downstream:stream:refuse')

/** Tells of a stream that has begun, and later of its end: only if somebody listens by now, so that others cost nothing. */
export function tellOpen(message: StreamOpenMessage, port: StreamPort): void {
  if (closed.hasSubscribers)
    summaryWhenFinished(port, (summary) => closed.publish({ ...message, ...summary }))
  if (opened.hasSubscribers) opened.publish(message)
}

export function tellRefuse(message: StreamRefuseMessage): void {
  if (refused.hasSubscribers) refused.publish(message)
}

/** Calls `listener` once with what became of a stream. */
export function summaryWhenFinished(port: StreamPort, listener: (summary: StreamSummary) => void): void {
  const start = clock.now()
  port.whenFinished(() => {
    const { reason, sentEvents, sentBytes } = port
    listener({
      code: reason?.code as SseCloseCode,
      duration: clock.now() - start,
      events: sentEvents,
      bytes: sentBytes,
    })
  })
}
