/** The newest values of a kind, up to a number of them. */
export class Recent<T> {
  readonly #limit: number
  readonly #values = new Set<T>()

  constructor(limit: number) {
    this.#limit = limit
  }

  has(value: T): boolean {
    return this.#values.has(value)
  }

  /** Returns false when it was there already. */
  add(value: T): boolean {
    if (this.#values.has(value)) return false
    this.#values.add(value)
    const [oldest] = this.#values
    if (this.#values.size > this.#limit && oldest !== undefined) this.#values.delete(oldest)
    return true
  }
}
