import type { Cursor } from '../log/event-log.ts'
import type { GapReason } from './control-event.ts'
import type { HubEntry } from './hub-entry.ts'
import type { Page } from './log-reader.ts'
import type { Tail } from './tail.ts'

/** What is read from. */
export interface CatchUpSource {
  readonly tail: Tail
  readonly maxResume: number
  read(place: Cursor): Promise<Page>
  /** Resolves when entries came in, or after a while. */
  moved(): Promise<void>
}

/** Who reads. */
export interface CatchUpReader {
  /** Where it is: behind the last entry that it took. */
  place(): Cursor
  /** False: it is over, or its tail is another one by now. */
  going(): boolean
  /** Takes the entries of a page; resolves when there is room for more. */
  take(entries: readonly HubEntry[]): Promise<void>
  /** This process is too far behind to say anything: the client is to come back, or to go elsewhere. */
  leave(): void
  /**
   * It is at `position` of the tail; with a gap, what lies in front of it may be missing. Called in the same step in
   * which the place was looked up, so that nothing can come in between.
   */
  arrive(position: number, gap?: GapReason): void
}

/** How long a reader's place may be unknown to the tail though the log knows it: this process is behind. */
const AHEAD_LIMIT = 10_000

/**
 * Reads the log from a place that is not in the tail, until it is.
 *
 * @param held - its place was in the tail before: what the log has dropped since, it dropped because the client is slow
 */
export async function catchUp(source: CatchUpSource, reader: CatchUpReader, held: boolean): Promise<void> {
  let slow = held
  let read = 0
  let aheadSince: number | undefined
  for (;;) {
    const page = await nextPage(source, reader)
    if (page === undefined || !reader.going()) return
    const { tail } = source
    const position = tail.positionAfter(reader.place())
    if (position !== undefined) return reader.arrive(position)
    // Exactly what the log has dropped is missing, when that happened under our eyes.
    if (page.gap && slow) return reader.arrive(tail.first, 'slow')
    if (page.gap) return reader.arrive(tail.next, page.reason)
    if (page.entries.length === 0) {
      // The client comes from a process that is further than this one.
      aheadSince ??= performance.now()
      if (performance.now() - aheadSince > AHEAD_LIMIT) return reader.leave()
      await source.moved()
      continue
    }
    read += page.entries.length
    if (read > source.maxResume) return reader.arrive(tail.next, 'too-far')
    await reader.take(page.entries)
    slow = true
  }
}

/** Tries again for as long as the log cannot be read: that is no gap. */
async function nextPage(source: CatchUpSource, reader: CatchUpReader): Promise<Page | undefined> {
  while (reader.going()) {
    try {
      return await source.read(reader.place())
    } catch {
      await source.moved()
    }
  }
  return undefined
}
