/** Rows of the first page, while their size is unknown. */
const FIRST = 32
/** How many times larger the next page may be: its rows may be larger too. */
const GROWTH = 8

/**
 * Calculates how many rows to request for an answer of about a given number of bytes. Redis limits answers only by
 * rows, and a page that is too large for the network never arrives: it times out, and its connection is given up.
 */
export class PageSize {
  readonly #length: number
  #most: number
  /** Bytes per row of the last page. */
  #weight = 0

  /**
   * @param length - the maximum number of rows of one page
   */
  constructor(length: number) {
    this.#length = length
    this.#most = Math.min(FIRST, length)
  }

  /** The number of rows for about this many bytes; at least one. */
  count(bytes: number): number {
    const fitting = this.#weight === 0 ? this.#most : Math.floor(bytes / this.#weight)
    return Math.max(1, Math.min(fitting, this.#most))
  }

  /** Call it when a page has arrived. */
  arrived(rows: number, bytes: number): void {
    if (rows === 0) return
    this.#weight = bytes / rows
    this.#most = Math.min(Math.max(rows, FIRST) * GROWTH, this.#length)
  }

  /** Call it when a page has not arrived in time. */
  failed(): void {
    this.#most = Math.max(1, Math.floor(this.#most / 4))
  }
}
