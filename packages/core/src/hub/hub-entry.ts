import type { Cursor, LogEntry } from '../log/event-log.ts'
import type { Sized } from '../log/ring.ts'
import { encodeEvent } from '../wire/encode.ts'
import type { PublishedEvent } from './hub.ts'

/** An entry of the log as the hub holds it: encoded once for all streams. */
export class HubEntry implements LogEntry, Sized {
  readonly cursor: Cursor
  readonly channels: readonly string[]
  readonly event: string | undefined
  readonly data: string
  /** The event as it goes over the wire; its id is the cursor. '' when it cannot be sent. */
  readonly text: string
  readonly bytes: number
  /** Why it cannot be sent: a log that others write to may hold anything, and must not stop the hub. */
  readonly error: unknown

  constructor({ cursor, channels, event, data }: LogEntry) {
    this.cursor = cursor
    this.channels = channels
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

  /** What a filter sees of the entry: one channel, the first one that is in `names`. Undefined: it is in none. */
  publishedOn(names: ReadonlySet<string>): PublishedEvent | undefined {
    const channel = this.channels.find((name) => names.has(name))
    return channel === undefined ? undefined : { channel, event: this.event, data: this.data }
  }
}
