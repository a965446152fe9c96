import type { SseCloseCode } from '../errors.ts'
import type { EventStream } from './event-stream.ts'

/**
 * What a hub needs of a stream beyond its public face. Reached by a registered symbol and not by class: the stream may
 * come from the other copy of this package (ES module or CommonJS).
 */
export interface StreamPort {
  /** Bytes that the client has not read yet, as far as this process knows. */
  readonly bufferedBytes: number
  /** The reconnection time in ms that the client was told at the start. */
  readonly ownRetry: number
  /** Somebody keeps a place in it already. */
  readonly owned: boolean
  /** Makes `owner` hear of the stream; one for each stream. */
  attach(owner: StreamOwner): void
  /**
   * Writes whole events that are encoded already. False: no room, {@link StreamOwner.onRoom} will tell.
   *
   * @param now - they leave at once, not with what else is written in this tick
   */
  write(text: string, now?: boolean): boolean
  /** Ends the response: the app is shutting down, the client is to come back in `retry` ms. */
  shutdown(retry: number): void
  end(code: SseCloseCode, farewell?: string, cause?: unknown): void
  destroy(code: SseCloseCode, cause?: unknown): void
  whenGone(listener: () => void): void
  /** Puts it into `set`, until the response is through or the connection is gone. */
  keepIn(set: Set<StreamPort>): void
}

/** Who keeps a place in a stream. */
export interface StreamOwner {
  /** There is room again. */
  onRoom(): void
  /** The stream is about to end for a shutdown: the last moment to write. */
  onEnding(): void
  /** The stream is over. */
  onOver(code: SseCloseCode): void
  /** What to send now that the stream is looked at anyway, about once each keepAlive; '' for nothing. */
  onWake(): string
}

const PORT = Symbol.for('@downstream/core/port')

/** Makes the streams of a class their own ports. */
export function makePorts(prototype: StreamPort): void {
  Object.defineProperty(prototype, PORT, {
    get(this: StreamPort) {
      return this
    },
  })
}

/** The port of a stream that this package has opened; undefined for anything else. */
export function portOf(stream: EventStream): StreamPort | undefined {
  return (stream as EventStream & { [PORT]?: StreamPort })[PORT]
}
