import type { Cursor, LogEntry } from '../log/event-log.ts'
import type { Sized } from '../log/ring.ts'
import { encodeEvent } from '../wire/encode.ts'
import type { PublishedEvent } from './hub.ts'

/** An entry of the log as the hub stores it: encoded at most once for all streams, when the first one needs it. */
export class HubEntry implements LogEntry, Sized {
  readonly cursor: Cursor
  readonly channels: readonly string[]
  readonly event: string | undefined
  readonly data: string
  /** How many bytes the tail had taken in before this entry. */
  offset = 0
  /** When this process got it, by `performance.now()`. */
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

  /** The event as it goes over the wire; its id is the cursor. '' when it cannot be sent. */
  get text(): string {
    this.#encode()
    return this.#text as string
  }

  /** Bytes of {@link text}. */
  get bytes(): number {
    this.#encode()
    return this.#bytes
  }

  /** Why it cannot be sent: a log that others write to may hold anything, and must not stop the hub. */
  get error(): unknown {
    this.#encode()
    return this.#error
  }

  /** The event under the id of another place. */
  textAt(id: Cursor): string {
    return this.text === '' ? '' : encodeEvent({ event: this.event, id, data: this.data })
  }

  /** What a filter sees of the entry: one channel, the first one that is in `names`. Undefined: it is in none. */
  publishedOn(names: ReadonlySet<string>): PublishedEvent | undefined {
    const channel = this.channels.find((name) => names.has(name))
    return channel === undefined ? undefined : { channel, event: this.event, data: this.data }
  }

  #encode(): void {
    if (this.#text !== undefined) return
    let text = ''
    try {
      // An entry without channels is a message to hubs, which no stream receives.
      if (this.channels.length > 0)
        text = encodeEvent({ event: this.event, id: this.cursor, data: this.data })
    } catch (error) {
      this.#error = error
    }
    this.#text = text
    this.#bytes = Buffer.byteLength(text)
  }
}
