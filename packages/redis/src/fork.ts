import type { RedisStream } from './redis-stream.ts'
import type { Row } from './row.ts'
import type { Seen } from './seen.ts'

const PAGE_LENGTH = 500

/**
 * Sees to it that a fork of the stream is marked, once for all processes that notice it: entries that somebody was
 * given are gone, older ones are not, so a client that comes back with the id of an older one would miss them in
 * silence.
 *
 * @param seen - what this process has had: what is still there of it lies in front of the fork
 * @returns the mark; the head of an empty log
 */
export async function markFork(stream: RedisStream, seen: Seen): Promise<Row> {
  for (;;) {
    const { newest, mark } = await look(stream, seen)
    if (mark !== undefined) return mark
    // Without older entries nobody can come back with the id of one.
    const added = newest === undefined ? await stream.head() : await stream.markBehind(newest, 'fork')
    // Undefined: somebody was faster, perhaps with this very mark.
    if (added !== undefined) return added
  }
}

interface Look {
  readonly newest?: Row | undefined
  readonly mark?: Row | undefined
}

/** The newest entry, and the mark that lies behind all that was seen. */
async function look(stream: RedisStream, seen: Seen): Promise<Look> {
  let page = await stream.rangeBack('+', PAGE_LENGTH)
  const [newest] = page
  let mark: Row | undefined
  while (page.length > 0) {
    for (const row of page) {
      if (seen.has(row.nonce)) return { newest, mark }
      if (row.mark === 'fork') mark ??= row
    }
    const last = page.at(-1) as Row
    // The page begins with the entry that the one before has ended with.
    page = (await stream.rangeBack(last.id, PAGE_LENGTH)).slice(1)
  }
  // Nothing is known to lie in front of it: it may be the mark of another, older fork.
  return { newest }
}
