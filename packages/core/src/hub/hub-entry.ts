import type { Cursor, LogEntry } from '../log/event-log.ts'
import type { Sized } from '../log/ring.ts'
import { encodeEvent } from '../wire/encode.ts'

/** An entry of the log as the hub holds it: encoded once for all streams. */
export class HubEntry implements LogEntry, Sized {
  readonly cursor: Cursor
  readonly channel: string
  readonly event: string | undefined
  readonly data: string
  /** The event as it goes over the wire; its id is the cursor. '' when it cannot be sent. */
  readonly text: string
  readonly bytes: number
  /** Why it cannot be sent: a log that others write to may hold anything, and must not stop the hub. */
  readonly error: unknown

  constructor({ cursor, channel, event, data }: LogEntry) {
    this.cursor = cursor
    this.channel = channel
    this.event = event
    this.data = data
    let text = ''
    try {
      text = encodeEvent({ event, id: cursor, data })
    } catch (error) {
      this.error = error
    }
    this.text = text
    this.bytes = Buffer.byteLength(text)
  }
}
