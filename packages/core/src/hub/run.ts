import type { Cursor, LogBounds } from '../log/event-log.ts'
import type { Passage } from '../stream/compression/shared-text.ts'
import type { HubEntry } from './hub-entry.ts'

/** A piece of the log as one stream receives it. */
export interface Run {
  /** Position after the piece. */
  readonly next: number
  /** The encoded events; '' if the stream wants none of the piece. */
  readonly text: string
  readonly count: number
  /** The same piece as part of the text that all streams of its channels share. Set when the first of them needs it. */
  passage?: Passage | undefined
  /** Id of the last event; '' if there is none. */
  readonly cursor: Cursor
}

/**
 * How much of the log is read, examined for one stream, or handed to one stream at once. So a client that stops reading
 * holds a copy of one piece at most, and a stream that wants few of many entries does not block the process while it
 * examines all of them.
 */
export const PIECE: LogBounds = { length: 1_000, bytes: 65_536 }

/**
 * The wanted entries from `position` to `end`, or a bounded piece of them.
 *
 * @param textOf - the text to send for an entry; '' for none
 */
export function collect(
  entries: { at(position: number): HubEntry | undefined },
  position: number,
  end: number,
  textOf: (entry: HubEntry, position: number) => string,
): Run {
  const limit = Math.min(end, position + PIECE.length)
  let text = ''
  let bytes = 0
  let count = 0
  let cursor = ''
  let next = position
  for (; next < limit && bytes < PIECE.bytes; next++) {
    const entry = entries.at(next) as HubEntry
    const piece = textOf(entry, next)
    if (piece === '') continue
    text += piece
    bytes += piece === entry.text ? entry.bytes : Buffer.byteLength(piece)
    cursor = entry.cursor
    count++
  }
  return { next, text, count, cursor }
}
