import type { SseCloseCode } from '../../src/errors.ts'
import type { EventStream } from '../../src/stream/event-stream.ts'

/** The reason why a stream is over; undefined while it is open. */
export function codeOf({ signal }: EventStream): SseCloseCode | undefined {
  return signal.reason?.code
}
