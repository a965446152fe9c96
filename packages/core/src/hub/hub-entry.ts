import type { Cursor, LogEntry } from '../log/event-log.ts'
import type { Sized } from '../log/ring.ts'
import { encodeEvent } from '../wire/encode.ts'
import type { PublishedEvent } from './hub.ts'

/**
 * An entry of the log as the hub stores it. It is encoded at most once for all streams, when the first stream needs it.
 */
export class HubEntry implements LogEntry, Sized {
  readonly cursor: Cursor
  readonly channels: readonly string[]
  readonly event: string | undefined
  readonly data: string
  /** How many bytes the tail had received before this entry. */
  offset = 0
  /** When this process received it, by `performance.now()`. */
  since = 0
  #text: string | undefined
  #bytes = 0
  #error: unknown

  constructor({ cursor, channels, event, data }: LogEntry) {
    this.cursor = cursor
    this.channels = channels
    this.event = event
    this.data = data
  }

  /** The event in its wire format, with the cursor as its id. '' if it cannot be sent. */
  get text(): string {
    this.#encode()
    return this.#text as string
  }

  /** Bytes of {@link text}. */
  get bytes(): number {
    this.#encode()
    return this.#bytes
  }

  /** Why the entry cannot be sent. A log that others write to may hold anything, which must not stop the hub. */
  get error(): unknown {
    this.#encode()
    return this.#error
  }

  /** The event with the id of another position. */
  textAt(id: Cursor): string {
    return this.text === '' ? '' : encodeEvent({ event: this.event, id, data: this.data })
  }

  /** What a filter sees of the entry: the first of its channels that is in `names`. Undefined if none is. */
  publishedOn(names: ReadonlySet<string>): PublishedEvent | undefined {
    const channel = this.channels.find((name) => names.has(name))
    return channel === undefined ? undefined : { channel, event: this.event, data: this.data }
  }

  #encode(): void {
    if (this.#text !== undefined) return
    let text = ''
    try {
      // An entry without channels is a message between hubs, which no stream receives.
      if (this.channels.length > 0)
        text = encodeEvent({ event: this.event, id: this.cursor, data: this.data })
    } catch (error) {
      this.#error = error
    }
    this.#text = text
    this.#bytes = Buffer.byteLength(text)
  }
}
