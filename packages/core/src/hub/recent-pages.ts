import type { Cursor } from '../log/event-log.ts'
import type { Page } from './page.ts'

/** Streams that come back together are rarely further apart than that. 64 KiB of data each, at most. */
const PAGES = 64
/** How long pages are held when nobody reads any more, in ms. */
const IDLE = 1_000

/** A place in a page. */
interface PagePlace {
  readonly gap: false
  readonly page: Page
  readonly from: number
}

/**
 * The pages that were read last. A stream whose place is inside one of them takes the rest of that page, and goes on
 * where the page ends: so streams that start at different places soon read the same pages.
 */
export class RecentPages {
  readonly #places = new Map<Cursor, PagePlace>()
  /** Oldest first: each page, and the place in front of it. */
  readonly #pages: { before: Cursor; page: Page }[] = []
  #idle: NodeJS.Timeout | undefined

  /** What follows `place`; undefined when it is in no page, or is the end of one. */
  behind(place: Cursor): PagePlace | undefined {
    return this.#places.get(place)
  }

  add(before: Cursor, page: Page): void {
    if (page.length === 0) return
    this.#pages.push({ before, page })
    for (let from = 0; from < page.length; from++) {
      const place = from === 0 ? before : (page.entries[from - 1]?.cursor as Cursor)
      this.#places.set(place, { gap: false, page, from })
    }
    if (this.#pages.length > PAGES) this.#dropOldest()
    clearTimeout(this.#idle)
    this.#idle = setTimeout(() => this.clear(), IDLE).unref()
  }

  clear(): void {
    clearTimeout(this.#idle)
    this.#places.clear()
    this.#pages.length = 0
  }

  #dropOldest(): void {
    const oldest = this.#pages.shift()
    if (oldest === undefined) return
    for (const place of [oldest.before, ...oldest.page.entries.map(({ cursor }) => cursor)])
      if (this.#places.get(place)?.page === oldest.page) this.#places.delete(place)
  }
}
