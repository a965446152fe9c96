import type { SseCloseCode, SseError } from '../errors.ts'
import type { SourceFor } from '../source/source.ts'
import type { ServerSentEvent } from '../wire/server-sent-event.ts'

/** Events, or a function that receives the stream and returns events, or that sends them itself and returns nothing. */
export type Source = SourceFor<EventStream>

/** One open response that is an event stream. `res.sse()`, `reply.sse()` and `openEventStream()` return it. */
export interface EventStream {
  /** The last event ID that the client sent; `''` if it sent none, as in the standard. Untrusted input. */
  readonly lastEventId: string

  /**
   * Aborts exactly once, when the stream ends for any reason; `signal.reason` is {@link reason}. Pass it to `fetch`, to
   * `setTimeout` of `node:timers/promises` or to a database query, so that work for this client stops with it.
   *
   * A stream can have ended from the start (HEAD, a client that has already disconnected, a shutdown). Its signal then
   * aborts right after this turn, so that listeners which are added at once are called.
   */
  readonly signal: AbortSignal

  /** True from the moment of `close()` or of the disconnect. */
  readonly closed: boolean

  /** Why the stream ended, for example with the `code` `ERR_SSE_CLIENT_CLOSED`; undefined while it is open. */
  readonly reason: (SseError & { readonly code: SseCloseCode }) | undefined

  /**
   * Sends one event. A string is an event with that data.
   *
   * Awaiting it is backpressure: it resolves once there is room for more. `false`: the stream has ended, stop sending.
   * `true` does not confirm delivery: only the client's next `lastEventId` shows what it has received. It always
   * settles, and never rejects because a client disconnected.
   *
   * @throws SseError synchronously, for an event that cannot be encoded; the stream stays usable
   */
  send(event: ServerSentEvent | string): Promise<boolean>

  /**
   * Sends all events of an async iterable, iterable, Node Readable, web ReadableStream or `Response`, or of a function
   * that receives this stream and returns one of these. Reads at the client's pace. On disconnect the source is stopped
   * at once, even while it is idle: `iterator.return()`, `readable.destroy()`, `reader.cancel()`. Only a generator that
   * is blocked in an `await` of its own needs the signal to notice. Does not close the stream at the end of the source.
   *
   * Resolves when the source or the stream has ended; rejects with the source's own error, or with
   * `ERR_SSE_INVALID_SOURCE`.
   */
  sendAll(source: Source): Promise<void>

  /**
   * Sends a comment, which clients ignore. Resolves as `send()` does.
   *
   * @throws SseError synchronously, ERR_SSE_INVALID_COMMENT
   */
  comment(text?: string): Promise<boolean>

  /** Sends what is still buffered and ends the response. A second call has no effect. A browser then reconnects. */
  close(options?: EndOptions): void
}

/** Options of {@link EventStream.close}. */
export interface EndOptions {
  /** Cuts the connection instead of ending the response. Default: the stream's `abruptEnd` option. */
  abruptEnd?: boolean | undefined
}
