import type { Cursor } from '../log/event-log.ts'
import type { Passage } from '../stream/compression/shared-text.ts'
import type { StreamPort } from '../stream/stream-port.ts'
import { type ControlEventNames, encodeBookmark, encodeGap, type GapReason } from './control-event.ts'
import type { Run } from './run.ts'
import type { Snapshot } from './snapshots.ts'

/** What an outlet needs of its hub. */
export interface OutletHub {
  readonly names: ControlEventNames
  readonly gapDelay: number
  readonly counts: { delivered: number; gaps: number }
}

/** What one client was sent, and whether it reads it. Its methods return whether there is room for more. */
export class Outlet {
  /** The last event ID that the client was sent, or is going to be sent with the next bookmark. */
  sent: Cursor = ''
  /** It was handed events or a gap, not only a bookmark. */
  served = false
  /** Its client has left bytes unread since it was last up to date. */
  slow = false
  readonly #hub: OutletHub
  readonly #port: StreamPort

  constructor(hub: OutletHub, port: StreamPort) {
    this.#hub = hub
    this.#port = port
  }

  /** @param passage - the same text, where others get it as well */
  deliver({ text, count, cursor }: Run, passage?: Passage): boolean {
    if (text === '') return true
    this.sent = cursor
    this.served = true
    this.#hub.counts.delivered += count
    return this.#write(text, true, passage, count)
  }

  /** The app has unsubscribed in its own filter: what that has accepted before is sent. */
  leave({ text, count }: Run): void {
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

  snapshot({ place, text }: Snapshot): boolean {
    this.sent = place
    this.served = true
    return this.#write(text)
  }

  bookmark(): boolean {
    return this.#write(this.bookmarkText())
  }

  /** What a bookmark is sent as; '' when the hub sends none. */
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
