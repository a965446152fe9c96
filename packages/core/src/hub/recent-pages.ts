import type { Cursor } from '../log/event-log.ts'
import { clock } from '../process/clock.ts'
import type { Page } from './page.ts'

/**
 * How many pages are held, of at most 64 KiB of data each. Clients that reconnect after a deploy arrive within seconds,
 * and a log of 100 000 events is read in less, so the last of them still finds the pages that the first has read.
 */
const PAGES = 256
/** How many ms pages are held after the last read. */
const IDLE = 1_000

/** A position in a page. */
export interface PagePosition {
  readonly gap: false
  readonly page: Page
  readonly from: number
}

/** How many of the newest pages to search for one of a concurrent reader. */
const NEWEST = 8

/**
 * The pages that were read last. A stream whose position is inside a page takes the rest of that page and continues
 * where the page ends, so streams that start at different positions soon read the same pages.
 */
export class RecentPages {
  /** Oldest first. The key is the cursor before the page. */
  readonly #pages = new Map<Cursor, PagePosition>()
  readonly #ends = new Set<Cursor>()
  #idle: NodeJS.Timeout | undefined

  /** The entries after `cursor`; undefined if it is in no page, or is the end of the last one. */
  after(cursor: Cursor): PagePosition | undefined {
    const page = this.#pages.get(cursor)
    if (page !== undefined) return page
    // The reader that is ahead of all others asks only for ends of pages, which need no search.
    return this.#ends.has(cursor) ? undefined : inside([...this.#pages.values()], cursor)
  }

  /** The same for a cursor that is the end of one page and may lie inside a page of another reader. */
  afterConcurrent(cursor: Cursor): PagePosition | undefined {
    return this.#pages.get(cursor) ?? inside([...this.#pages.values()].slice(-NEWEST), cursor)
  }

  add(before: Cursor, page: Page): void {
    if (page.length === 0) return
    this.#pages.set(before, { gap: false, page, from: 0 })
    this.#ends.add(page.end)
    if (this.#pages.size > PAGES) this.#dropOldest()
    clock.clearTimeout(this.#idle)
    this.#idle = clock.setTimeout(() => this.clear(), IDLE).unref()
  }

  clear(): void {
    clock.clearTimeout(this.#idle)
    this.#pages.clear()
    this.#ends.clear()
  }

  #dropOldest(): void {
    const [oldest] = this.#pages
    if (oldest === undefined) return
    const [before, { page }] = oldest
    this.#pages.delete(before)
    this.#ends.delete(page.end)
  }
}

/** The entries after `cursor` in one of the pages; undefined if it is in none, or is the end of one. */
function inside(pages: readonly PagePosition[], cursor: Cursor): PagePosition | undefined {
  for (const { page } of pages) {
    const from = page.indexAfter(cursor)
    if (from !== undefined && from < page.length) return { gap: false, page, from }
  }
  return undefined
}
