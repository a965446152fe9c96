/** Rows of the first page, when nothing is known of their weight. */
const FIRST = 32
/** How many times as many the next one may have: it may be heavier. */
const GROWTH = 8

/**
 * How many rows to ask for, so that an answer has about so many bytes. Redis bounds answers by rows only, and a page
 * that is too large for the network never arrives: it times out, and takes its connection with it.
 */
export class PageSize {
  readonly #length: number
  #most: number
  /** Bytes of a row, as of the last page. */
  #weight = 0

  /** @param length - rows of one page, at most */
  constructor(length: number) {
    this.#length = length
    this.#most = Math.min(FIRST, length)
  }

  /** Rows that have about so many bytes; one at least. */
  count(bytes: number): number {
    const fitting = this.#weight === 0 ? this.#most : Math.floor(bytes / this.#weight)
    return Math.max(1, Math.min(fitting, this.#most))
  }

  /** A page has come. */
  took(rows: number, bytes: number): void {
    if (rows === 0) return
    this.#weight = bytes / rows
    this.#most = Math.min(Math.max(rows, FIRST) * GROWTH, this.#length)
  }

  /** A page has not come in time. */
  failed(): void {
    this.#most = Math.max(1, Math.floor(this.#most / 4))
  }
}
