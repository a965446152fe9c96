import type { Cursor, LogEntry } from '../log/event-log.ts'
import type { Sized } from '../log/ring.ts'
import { encodeEvent } from '../wire/encode.ts'

/** An entry of the log as the hub holds it: encoded once, when the first stream wants it. */
export class HubEntry implements LogEntry, Sized {
  readonly cursor: Cursor
  readonly channel: string
  readonly event: string | undefined
  readonly data: string
  readonly bytes: number
  #text: string | undefined

  constructor({ cursor, channel, event, data }: LogEntry) {
    this.cursor = cursor
    this.channel = channel
    this.event = event
    this.data = data
    this.bytes = Buffer.byteLength(data) + cursor.length + (event?.length ?? 0)
  }

  /** The event as it goes over the wire; its id is the cursor. */
  get text(): string {
    this.#text ??= encodeEvent({ event: this.event, id: this.cursor, data: this.data })
    return this.#text
  }
}
