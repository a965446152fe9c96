import { AsyncResource } from 'node:async_hooks'
import { channel } from 'node:diagnostics_channel'
import type { SseCloseCode } from '../errors.ts'
import { clock } from '../process/clock.ts'
import type { DiagnosticsChannel } from '../process/diagnostics-channel.ts'
import type { EventStream } from './event-stream.ts'
import type { Request, Response } from './exchange.ts'
import type { RefuseReason } from './refusal.ts'
import type { StreamPort } from './stream-port.ts'

/** The message of `downstream:stream:open`: the headers of a stream were passed to Node. */
export interface StreamOpenMessage {
  readonly stream: EventStream
  /** The request and the response of `node:http` or `node:http2`. */
  readonly request: Request
  readonly response: Response
}

/** The summary of a stream that has ended. */
export interface StreamSummary {
  /** Why it ended: see `stream.reason`. */
  readonly code: SseCloseCode
  /** In ms, from its opening until its response finished or its client disconnected. */
  readonly duration: number
  /** Events that were sent, without comments, bookmarks and gaps. */
  readonly events: number
  /** Bytes that were sent, without the headers. */
  readonly bytes: number
}

/** The message of `downstream:stream:close`: the response has finished, or its client has disconnected. */
export interface StreamCloseMessage extends StreamOpenMessage, StreamSummary {}

/** The message of `downstream:stream:refuse`: a stream was refused. */
export interface StreamRefuseMessage {
  readonly reason: RefuseReason
  readonly status: number
  readonly request: Request
  readonly response: Response
}

const opened: DiagnosticsChannel<StreamOpenMessage> = channel('downstream:stream:open')
const closed: DiagnosticsChannel<StreamCloseMessage> = channel('downstream:stream:close')
const refused: DiagnosticsChannel<StreamRefuseMessage> = channel('downstream:stream:refuse')

/**
 * Publishes the opening of a stream, and later its end if that channel has a subscriber by now. Without subscribers it
 * costs almost nothing.
 */
export function publishOpen(message: StreamOpenMessage, port: StreamPort): void {
  if (closed.hasSubscribers)
    summaryWhenFinished(port, (summary) => closed.publish({ ...message, ...summary }))
  if (opened.hasSubscribers) opened.publish(message)
}

export function publishRefusal(message: StreamRefuseMessage): void {
  if (refused.hasSubscribers) refused.publish(message)
}

/**
 * Calls `listener` once, with the summary of a stream that has ended, in the AsyncLocalStorage context of this call:
 * another request may end the stream, and a log line must not have that one's user.
 */
export function summaryWhenFinished(port: StreamPort, listener: (summary: StreamSummary) => void): void {
  const start = clock.now()
  // Not AsyncResource.bind(): on Node 20 each bound function takes three kilobytes.
  const context = new AsyncResource('downstream')
  port.whenFinished(() => {
    const { reason, sentEvents, sentBytes } = port
    context.runInAsyncScope(listener, undefined, {
      code: reason?.code as SseCloseCode,
      duration: clock.now() - start,
      events: sentEvents,
      bytes: sentBytes,
    })
  })
}
