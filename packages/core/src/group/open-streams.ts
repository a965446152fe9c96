import type { SseCloseCode } from '../errors.ts'
import { CLOSE_CODES } from '../stream/close-reason.ts'
import type { RefuseReason } from '../stream/refusal.ts'
import type { StreamPort } from '../stream/stream-port.ts'

/** The streams of an app in numbers. */
export interface StreamStats {
  /** Open streams, including those that have ended but whose client has not read everything yet. */
  open: number
  /** Streams that were opened, in total: `open` plus all in `closed`. HEAD and refused requests do not count. */
  opened: number
  /** Streams that have ended, in total, by the `code` of `stream.reason`. */
  closed: Record<SseCloseCode, number>
  /** Streams that were refused, in total, by the reason. */
  refused: Record<Exclude<RefuseReason, 'app'>, number>
  /** Events that were sent, in total, without comments, bookmarks and gaps. */
  events: number
  /** Bytes that were sent, in total, without the headers of the responses. */
  bytes: number
}

/** The unfinished responses of an app, and the totals of the finished ones. */
export class OpenStreams extends Set<StreamPort> {
  readonly refused: Record<RefuseReason, number> = { total: 0, perKey: 0, origin: 0, app: 0 }
  /** Streams that had ended from the start. A shutdown waits for them, but they are not counted. */
  readonly #endedAtStart = new Set<StreamPort>()
  readonly #closed = Object.fromEntries(CLOSE_CODES.map((code) => [code, 0])) as StreamStats['closed']
  #events = 0
  #bytes = 0

  /** How many are open. */
  get open(): number {
    return this.size - this.#endedAtStart.size
  }

  override add(port: StreamPort): this {
    if (port.reason !== undefined) this.#endedAtStart.add(port)
    return super.add(port)
  }

  override delete(port: StreamPort): boolean {
    if (!super.delete(port)) return false
    if (port.reason === undefined || this.#endedAtStart.delete(port)) return true
    this.#closed[port.reason.code]++
    this.#events += port.sentEvents
    this.#bytes += port.sentBytes
    return true
  }

  stats(): StreamStats {
    let events = this.#events
    let bytes = this.#bytes
    for (const port of this) {
      if (this.#endedAtStart.has(port)) continue
      events += port.sentEvents
      bytes += port.sentBytes
    }
    const { total, perKey, origin } = this.refused
    return {
      open: this.open,
      opened: Object.values(this.#closed).reduce((sum, count) => sum + count, this.open),
      closed: { ...this.#closed },
      refused: { total, perKey, origin },
      events,
      bytes,
    }
  }
}
