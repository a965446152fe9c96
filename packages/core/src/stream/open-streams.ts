import type { SseCloseCode } from '../errors.ts'
import { CLOSE_CODES } from './close-reason.ts'
import type { RefuseReason } from './refusal.ts'
import type { StreamPort } from './stream-port.ts'

/** The streams of an app, in numbers. */
export interface StreamStats {
  /** Streams that are open: those that have ended but whose client has not read all of it yet are among them. */
  open: number
  /** Streams that were opened, ever: `open` and all that is in `closed`. HEAD and refused requests are none. */
  opened: number
  /** Streams that are over, ever, by the `code` of `stream.signal.reason`. */
  closed: Record<SseCloseCode, number>
  /** Streams that were refused, ever, by what refused them. */
  refused: Record<Exclude<RefuseReason, 'app'>, number>
  /** Events that were sent, ever: without comments, bookmarks and gaps. */
  events: number
  /** Bytes that were sent, ever, without the headers of the responses. */
  bytes: number
}

/** The responses of an app that are not through yet, and what has become of the earlier ones. */
export class OpenStreams extends Set<StreamPort> {
  readonly refused: Record<RefuseReason, number> = { total: 0, perKey: 0, origin: 0, app: 0 }
  /** Those that were over from the start: they hold up a shutdown, and count for nothing else. */
  readonly #stillborn = new Set<StreamPort>()
  readonly #closed = Object.fromEntries(CLOSE_CODES.map((code) => [code, 0])) as StreamStats['closed']
  #open = 0
  #opened = 0
  #events = 0
  #bytes = 0

  /** How many are open. */
  get open(): number {
    return this.#open
  }

  override add(port: StreamPort): this {
    if (port.reason !== undefined) this.#stillborn.add(port)
    else {
      this.#open++
      this.#opened++
    }
    return super.add(port)
  }

  override delete(port: StreamPort): boolean {
    if (!super.delete(port)) return false
    if (port.reason === undefined || this.#stillborn.delete(port)) return true
    this.#open--
    this.#closed[port.reason.code]++
    this.#events += port.sentEvents
    this.#bytes += port.sentBytes
    return true
  }

  stats(): StreamStats {
    let events = this.#events
    let bytes = this.#bytes
    for (const port of this) {
      if (this.#stillborn.has(port)) continue
      events += port.sentEvents
      bytes += port.sentBytes
    }
    const { total, perKey, origin } = this.refused
    return {
      open: this.#open,
      opened: this.#opened,
      closed: { ...this.#closed },
      refused: { total, perKey, origin },
      events,
      bytes,
    }
  }
}
