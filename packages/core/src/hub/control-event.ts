import type { Cursor } from '../log/event-log.ts'
import { encodeEvent } from '../wire/encode.ts'

/**
 * Why events may be missing:
 * - `expired`: the log no longer holds the client's place, or it is a cursor of another log
 * - `malformed`: it is no cursor at all
 * - `slow`: the log has dropped events that this stream was not sent yet; its client reads too slowly
 * - `too-far`: it is further behind than the hub reads for one client
 * - `trimmed`, `log-changed`: the log itself has lost its continuity
 */
export type GapReason = 'expired' | 'malformed' | 'slow' | 'too-far' | 'trimmed' | 'log-changed'

/** Data of the event `gap`. */
export interface Gap {
  reason: GapReason
  /** Wait this many ms before fetching afresh: a random spread, for the day that all clients get a gap at once. */
  delay: number
}

/** Names of the events that a hub sends by itself. */
export interface ControlEventNames {
  gap: string
  bookmark: string | false
}

/** Tells a client that events between its place and `place` may be missing. The id keeps it from being told again. */
export function encodeGap(event: string, gap: Gap, place: Cursor): string {
  return encodeEvent({ event, id: place, data: gap })
}

/**
 * Moves a client's last event ID where nothing of its own does. It needs its empty data: an id alone does that in
 * Chromium but not in Firefox and WebKit.
 */
export function encodeBookmark(event: string, place: Cursor): string {
  return encodeEvent({ event, id: place, data: '' })
}
