import type { Cursor } from '../log/event-log.ts'
import { encodeEvent, type Serialize } from '../wire/encode.ts'

/**
 * Why events may be missing:
 * - `expired`: the log no longer holds the client's place, or it is a cursor of another log
 * - `malformed`: it is no cursor at all
 * - `slow`: the log has dropped events that this stream was not sent yet; its client reads too slowly
 * - `too-far`: it is older than the hub reads for one client
 * - `trimmed`, `log-changed`: the log itself has lost its continuity
 * - `no-snapshot`: the client has no place, and the app's function that reads the state has failed
 */
export type GapReason =
  | 'expired'
  | 'malformed'
  | 'slow'
  | 'too-far'
  | 'trimmed'
  | 'log-changed'
  | 'no-snapshot'

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
  snapshot: string
}

/** Tells a client that events between its last id and `place` may be missing. With the id it gets this gap only once. */
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

/** Gives a client the state of its channels, as an object, and the place from which on events change it. */
export function encodeSnapshot(
  event: string,
  states: Record<string, unknown>,
  place: Cursor,
  serialize: Serialize,
): string {
  return encodeEvent({ event, id: place, data: states }, serialize)
}
