import type { SseCloseCode } from '../errors.ts'
import type { Passage } from './compression/shared-text.ts'
import type { EventStream } from './event-stream.ts'

/**
 * What the rest of this package needs of a stream beyond its public face. Reached by a registered symbol and not by
 * class: the stream may come from the other copy of this package (ES module or CommonJS).
 */
export interface StreamPort {
  /** Why it is over; undefined while it is not. */
  readonly reason: EventStream['reason']
  /** Events that were written, ever; bytes that were written, without the headers. */
  readonly sentEvents: number
  readonly sentBytes: number
  /** Bytes that the client has not read yet, as far as this process knows. */
  readonly bufferedBytes: number
  /** The reconnection time in ms that the client received at the start. */
  readonly ownRetry: number
  /** Text that is written with a passage is compressed once for all streams that receive it. */
  readonly sharesText: boolean
  /** It has an owner already. */
  readonly owned: boolean
  /** Makes `owner` the one whom the stream tells; one for each stream. */
  attach(owner: StreamOwner): void
  /**
   * Writes whole events that are encoded already. False: no room, {@link StreamOwner.onRoom} is called when there is.
   *
   * @param now - they leave at once, not with what else is written in this tick
   * @param passage - the same text, where others get it as well; of use if {@link sharesText}
   * @param events - how many of it count as events; default: none
   */
  write(text: string, now?: boolean, passage?: Passage, events?: number): boolean
  /** Ends the response: the app is shutting down; the client reconnects in `retry` ms. */
  shutdown(retry: number, abrupt?: boolean): void
  /** Ends the response after what is buffered. The first end counts. */
  end(code: SseCloseCode, how?: Ending): void
  /**
   * Its owner has handed over something, and has nothing more to tell: ends the answer to a long poll after `farewell`.
   * Does nothing to a stream.
   */
  endPoll(farewell?: string): void
  /** Cuts the connection; what is buffered is lost. */
  cut(code: SseCloseCode, cause?: unknown): void
  /** Calls `listener` once the stream is finished: the last byte has left, or the connection is closed. */
  whenFinished(listener: () => void): void
  /** Keeps it in `set` until it is finished. */
  keepIn(set: Set<StreamPort>): void
}

/** How a response ends. */
export interface Ending {
  /** Sent last. */
  readonly farewell?: string
  /** Why the stream has failed. */
  readonly cause?: unknown
  /** The connection is cut after what is buffered. Default: the stream's option `abruptEnd`. */
  readonly abrupt?: boolean | undefined
}

/** Everything has been sent: the client need not reconnect. */
export const COMPLETE: Ending = { abrupt: false }

/** What feeds a stream: a hub's subscriber. */
export interface StreamOwner {
  /** There is room again. */
  onRoom(): void
  /** The stream is about to end for a shutdown: writes what is pending. */
  flush(): void
  /** The stream is over. */
  onOver(code: SseCloseCode): void
  /** The wait of a long poll is over: returns what to send last; undefined while there is more to come. */
  onWait(): string | undefined
  /** Returns what to send now that the stream is looked at anyway, about once each keepAlive; '' for nothing. */
  onWake(): string
}

const PORT: unique symbol = Symbol.for('@downstream/core/port')

/** Gives the streams of a class their ports. */
export function definePort<Stream>(prototype: Stream, port: (stream: Stream) => StreamPort): void {
  Object.defineProperty(prototype, PORT, {
    get(this: Stream) {
      return port(this)
    },
  })
}

/** The port of a stream that this package has opened; undefined for anything else. */
export function portOf(stream: EventStream): StreamPort | undefined {
  return (stream as EventStream & { [PORT]?: StreamPort })[PORT]
}
