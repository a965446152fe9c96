import type { Cursor } from '../log/event-log.ts'
import { encodeEvent, type Serialize } from '../wire/encode.ts'

/**
 * Why events may be missing:
 * - `expired`: the log no longer holds the client's position, or its last id is a cursor of another log
 * - `malformed`: the client's last id is no cursor
 * - `slow`: the client reads too slowly, and the log has dropped events that were not sent to it yet
 * - `too-far`: the client missed more events than the hub reads for one client
 * - `trimmed`, `log-changed`: the log lost entries, or was replaced
 * - `no-snapshot`: the client has no last id, and the app's `snapshot` function failed
 */
export type GapReason =
  | 'expired'
  | 'malformed'
  | 'slow'
  | 'too-far'
  | 'trimmed'
  | 'log-changed'
  | 'no-snapshot'

/** Data of a `gap` event. */
export interface Gap {
  reason: GapReason
  /**
   * Wait this many ms before you fetch the current state. It is random, because all clients may receive a gap at once.
   */
  delay: number
}

/** Names of the events that a hub sends by itself. */
export interface ControlEventNames {
  gap: string
  bookmark: string | false
  snapshot: string
}

/**
 * A `gap` event: events between the client's last id and `cursor` may be missing. Its id makes sure that the client
 * receives this gap only once.
 */
export function encodeGap(event: string, gap: Gap, cursor: Cursor): string {
  return encodeEvent({ event, id: cursor, data: gap })
}

/**
 * A bookmark, which advances a client's last event ID while the client receives no other events. The empty data is
 * necessary: Chromium takes the id of an event without data, Firefox and WebKit do not.
 */
export function encodeBookmark(event: string, cursor: Cursor): string {
  return encodeEvent({ event, id: cursor, data: '' })
}

/** A `snapshot` event: the state of each of the client's channels, as one object. Events after `cursor` change it. */
export function encodeSnapshot(
  event: string,
  states: Record<string, unknown>,
  cursor: Cursor,
  serialize: Serialize,
): string {
  return encodeEvent({ event, id: cursor, data: states }, serialize)
}
