import type { Cursor } from '../log/event-log.ts'
import type { HubEntry } from './hub-entry.ts'

/** A piece of the log as one stream gets it. */
export interface Run {
  /** Position behind the piece. */
  readonly next: number
  /** The events, encoded; '' when none is wanted. */
  readonly text: string
  readonly count: number
  /** Id of the last of them; '' when none is wanted. */
  readonly told: Cursor
}

/** Not all that waits is handed over at once: a client that stops reading would make a copy of it. */
const MAX_TEXT = 65_536
/** And who wants little of much must not look at all of it in one go. */
const MAX_ENTRIES = 1_000

/** The entries from `position` to `end` that are wanted, a bounded piece of them. */
export function collect(
  entries: { at(position: number): HubEntry | undefined },
  position: number,
  end: number,
  wants: (entry: HubEntry, position: number) => boolean,
): Run {
  const limit = Math.min(end, position + MAX_ENTRIES)
  let text = ''
  let count = 0
  let told = ''
  let next = position
  for (; next < limit && text.length < MAX_TEXT; next++) {
    const entry = entries.at(next) as HubEntry
    if (!wants(entry, next)) continue
    text += entry.text
    told = entry.cursor
    count++
  }
  return { next, text, count, told }
}
