import type { Cursor, LogBounds } from '../log/event-log.ts'
import type { Passage } from '../stream/compression/shared-text.ts'
import type { HubEntry } from './hub-entry.ts'

/** A piece of the log as one stream gets it. */
export interface Run {
  /** Position after the piece. */
  readonly next: number
  /** The events, encoded; '' when none is wanted. */
  readonly text: string
  readonly count: number
  /** The same as a part of what all streams of its channels get; set when the first of them asks for it. */
  passage?: Passage | undefined
  /** Id of the last of them; '' when none is wanted. */
  readonly cursor: Cursor
}

/**
 * How much of the log is handled at once: read from it, looked at for one stream, handed to one stream. A client that
 * stops reading keeps its copy of a piece, and a stream that wants little of much must not look at all of it in one go.
 */
export const PIECE: LogBounds = { length: 1_000, bytes: 65_536 }

/**
 * The entries from `position` to `end` that are wanted, a bounded piece of them.
 *
 * @param textOf - the text that is sent for the entry at a position; '' for none
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
