import type { SseCloseCode } from '../errors.ts'
import type { Passage } from './compression/shared-text.ts'
import type { EventStream } from './event-stream.ts'

/**
 * The internal interface of a stream, for the rest of this package. It is found by a registered symbol and not by
 * class, because the stream may come from another copy of this package (ES module or CommonJS).
 */
export interface StreamPort {
  /** Why the stream ended; undefined while it is open. */
  readonly reason: EventStream['reason']
  /** Events that were written in total; bytes that were written, without the headers. */
  readonly sentEvents: number
  readonly sentBytes: number
  /** Bytes that the client has not read yet, as far as this process knows. */
  readonly bufferedBytes: number
  /** The reconnection time in ms that the client received at the start. */
  readonly ownRetry: number
  /** Whether text that is written with a passage is compressed once for all streams that receive it. */
  readonly sharesText: boolean
  /** Whether it already has an owner. */
  readonly owned: boolean
  /** Sets the owner that the stream calls. A stream has one owner. */
  attach(owner: StreamOwner): void
  /**
   * Writes whole events that are already encoded. False: there is no room, and {@link StreamOwner.onRoom} is called
   * when there is.
   *
   * @param now - write at once, and not together with other text of this tick
   * @param passage - the same text, if other streams receive it as well; used only if {@link sharesText}
   * @param events - how many events the text contains; default: none
   */
  write(text: string, now?: boolean, passage?: Passage, events?: number): boolean
  /** Ends the response for a shutdown; the client reconnects in `retry` ms. */
  shutdown(retry: number, abrupt?: boolean): void
  /** Ends the response after the buffered data. Only the first end has an effect. */
  end(code: SseCloseCode, how?: Ending): void
  /**
   * Ends the answer to a long poll with `farewell`: its owner has handed over events and has no more. Does nothing to
   * other streams.
   */
  endPoll(farewell?: string): void
  /** Cuts the connection; buffered data is lost. */
  cut(code: SseCloseCode, cause?: unknown): void
  /** Calls `listener` once the stream is finished: the last byte was sent, or the connection is closed. */
  whenFinished(listener: () => void): void
  /** Keeps the stream in `set` until it is finished. */
  keepIn(set: Set<StreamPort>): void
}

/** How a response ends. */
export interface Ending {
  /** The last text to send. */
  readonly farewell?: string
  /** Why the stream failed. */
  readonly cause?: unknown
  /** Cuts the connection after the buffered data. Default: the stream's `abruptEnd` option. */
  readonly abrupt?: boolean | undefined
}

/** Everything was sent: the client need not reconnect. */
export const COMPLETE: Ending = { abrupt: false }

/** Feeds a stream: the subscriber of a hub or the follower of a run. */
export interface StreamOwner {
  /** Called when there is room again. */
  onRoom(): void
  /** Writes pending events, because the stream is about to end for a shutdown. */
  flush(): void
  /** Called when the stream has ended. */
  onOver(code: SseCloseCode): void
  /**
   * Called when the wait of a long poll has passed. Returns the last text to send; undefined if events are still to
   * come.
   */
  onWait(): string | undefined
  /** Returns text to send with the regular check of the stream, about once per keepAlive; '' for nothing. */
  onWake(): string
}

const PORT: unique symbol = Symbol.for('@downstream/core/port')

/** Defines how to get the port from streams of a class. */
export function definePort<Stream>(prototype: Stream, port: (stream: Stream) => StreamPort): void {
  Object.defineProperty(prototype, PORT, {
    get(this: Stream) {
      return port(this)
    },
  })
}

/** The port of a stream that this package opened; undefined for any other value. */
export function portOf(stream: EventStream): StreamPort | undefined {
  return (stream as EventStream & { [PORT]?: StreamPort })[PORT]
}
