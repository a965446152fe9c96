import type { SseCloseCode, SseError } from '../errors.ts'
import type { SourceFor } from '../source/source.ts'
import type { ServerSentEvent } from '../wire/server-sent-event.ts'

/** Events, or a function that is given the stream and returns them; or that sends them itself and returns nothing. */
export type Source = SourceFor<EventStream>

/** One open response that is an event stream: what `res.sse()`, `reply.sse()` and `openEventStream()` return. */
export interface EventStream {
  /** The last event ID that the client sent; `''` when it sent none, as in the standard. Untrusted input. */
  readonly lastEventId: string

  /**
   * Aborts exactly once, when the stream is over, for whatever cause; `signal.reason` is {@link reason}. Give it to `fetch`, `setTimeout` of `node:timers/promises`, a
   * database query: what works for this client then stops with it.
   *
   * A stream can be over from the start (HEAD, a client that has left, a shutdown). Its signal then aborts right after
   * this turn, so that listeners added at once are called.
   */
  readonly signal: AbortSignal

  /** True from the moment of `close()` or of the disconnect. */
  readonly closed: boolean

  /** Why the stream is over, for example with the `code` `ERR_SSE_CLIENT_CLOSED`; undefined while it is not. */
  readonly reason: (SseError & { readonly code: SseCloseCode }) | undefined

  /**
   * Sends one event. A string is an event with that data.
   *
   * Awaiting it is backpressure: it resolves once there is room for more. `false`: the stream is over, send no more.
   * `true` is no receipt: what the client has got only its next `lastEventId` tells. It never rejects because a
   * client left, and it always settles.
   *
   * @throws SseError synchronously, for an event that cannot be encoded; the stream stays usable
   */
  send(event: ServerSentEvent | string): Promise<boolean>

  /**
   * Sends all events of an async iterable, iterable, Node Readable, web ReadableStream, or of what a function given
   * this stream returns. Pulls at the client's pace. On disconnect the source is stopped at once, also while it is
   * idle: `iterator.return()`, `readable.destroy()`, `reader.cancel()`. Only a generator that is blocked in an
   * `await` of its own needs the signal to notice. Does not close the stream at the source's end.
   *
   * Resolves when the source is done or the stream is over; rejects with the source's own error.
   */
  sendAll(source: Source): Promise<void>

  /** Sends a comment, which clients ignore. Resolves as `send()` does. */
  comment(text?: string): Promise<boolean>

  /** Sends what is still buffered and ends the response. A second call does nothing. A browser then reconnects. */
  close(options?: EndOptions): void
}

/** How one stream ends. */
export interface EndOptions {
  /** Cuts the connection instead of ending the response. Default: the stream's option of that name. */
  abruptEnd?: boolean | undefined
}
