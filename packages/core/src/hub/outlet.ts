import type { Cursor } from '../log/event-log.ts'
import type { Passage } from '../stream/compression/shared-text.ts'
import type { StreamPort } from '../stream/stream-port.ts'
import { type ControlEventNames, encodeBookmark, encodeGap, type GapReason } from './control-event.ts'
import type { Run } from './run.ts'
import type { Snapshot } from './snapshots.ts'

/** The parts of a hub that an outlet uses. */
export interface OutletHub {
  readonly names: ControlEventNames
  readonly gapDelay: number
  readonly counts: { delivered: number; gaps: number }
}

/**
 * Writes to one client, and knows what was sent and whether the client reads. Methods return whether there is room for
 * more.
 */
export class Outlet {
  /** The last event ID that was sent to the client, or that the next bookmark will send. */
  sent: Cursor = ''
  /** Whether the client was sent events or a gap, and not only a bookmark. */
  served = false
  /** Whether the client has left bytes unread since it was last up to date. */
  slow = false
  readonly #hub: OutletHub
  readonly #port: StreamPort

  constructor(hub: OutletHub, port: StreamPort) {
    this.#hub = hub
    this.#port = port
  }

  /**
   * @param passage - the same text, if other streams receive it as well
   */
  deliver({ text, count, cursor }: Run, passage?: Passage): boolean {
    if (text === '') return true
    this.sent = cursor
    this.served = true
    this.#hub.counts.delivered += count
    return this.#write(text, true, passage, count)
  }

  /** Sends the events that the app's filter accepted before that filter unsubscribed the stream. */
  deliverLast({ text, count }: Run): void {
    if (text === '') return
    this.#hub.counts.delivered += count
    this.#port.write(text, true, undefined, count)
  }

  /** Tells the client that events before its new position may be missing. */
  gap(reason: GapReason): boolean {
    const { names, counts, gapDelay } = this.#hub
    counts.gaps++
    this.served = true
    return this.#write(
      encodeGap(names.gap, { reason, delay: Math.round(Math.random() * gapDelay) }, this.sent),
    )
  }

  snapshot({ cursor, text }: Snapshot): boolean {
    this.sent = cursor
    this.served = true
    return this.#write(text)
  }

  bookmark(): boolean {
    return this.#write(this.bookmarkText())
  }

  /** The text of a bookmark; '' if the hub sends none. */
  bookmarkText(): string {
    const { bookmark } = this.#hub.names
    return bookmark === false ? '' : encodeBookmark(bookmark, this.sent)
  }

  #write(text: string, now = false, passage?: Passage, events = 0): boolean {
    if (text === '' || this.#port.write(text, now, passage, events)) return true
    if (this.#port.bufferedBytes > 0) this.slow = true
    return false
  }
}
