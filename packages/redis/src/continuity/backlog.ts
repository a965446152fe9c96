import type { LogBounds } from '@downstream/core'
import { msOf } from '../stream/cursor.ts'
import { PageSize } from '../stream/page-size.ts'
import type { RedisStream } from '../stream/redis-stream.ts'
import { futureMark, type Row, rowBytes } from '../stream/row.ts'

/** The limits of one answer. */
const LENGTH = 1_000
const BYTES = 1_048_576

/** The rows that a follower starts with. */
export interface Backlog {
  /** The newest row. */
  readonly head: Row
  /** The newest rows up to it, oldest first: as many as the bounds allow, without anything missing between them. */
  readonly rows: readonly Row[]
  /** The fork mark before these rows. */
  readonly mark?: Row | undefined
}

/**
 * Reads the newest rows, as many as the bounds allow.
 *
 * @param oldest - entries from before this time are not wanted, in ms of the clock of Redis
 */
export async function readBacklog(
  stream: RedisStream,
  { length, bytes }: LogBounds,
  oldest = 0,
): Promise<Backlog> {
  const size = new PageSize(LENGTH)
  const rows: Row[] = []
  let head: Row | undefined
  let [entries, used] = [0, 0]
  const end = (mark?: Row): Backlog => {
    if (head === undefined) throw new Error('The stream was deleted while it was read.')
    return { head, rows: rows.reverse(), mark }
  }
  for (let from = '+'; ; ) {
    // A page begins with the last row of the previous page.
    const known = from === '+' ? 0 : 1
    const count = Math.max(1, Math.min(size.count(Math.min(bytes - used, BYTES)), length - entries)) + known
    const page = await stream.rangeBack(from, count)
    size.arrived(
      page.length,
      page.reduce((sum, row) => sum + rowBytes(row), 0),
    )
    for (const row of page.slice(known)) {
      if (row.unreadable === 'future') throw futureMark()
      if (row.unreadable !== undefined) continue
      head ??= row
      if (row.mark?.kind === 'fork') return end(row)
      const weight = rowBytes(row)
      const tooMuch = entries === length || (entries > 0 && used + weight > bytes)
      if (row.entry !== undefined && (tooMuch || msOf(row.id) < oldest)) return end()
      rows.push(row)
      if (row.entry !== undefined) entries++
      used += weight
    }
    if (page.length < count) return end()
    from = page.at(-1)?.id ?? from
  }
}
