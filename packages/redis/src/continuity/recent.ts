/** A set of the newest values, up to a limit. */
export class Recent<T> {
  readonly #limit: number
  readonly #values = new Set<T>()

  constructor(limit: number) {
    this.#limit = limit
  }

  has(value: T): boolean {
    return this.#values.has(value)
  }

  /** Returns false if the value is already in the set. */
  add(value: T): boolean {
    if (this.#values.has(value)) return false
    this.#values.add(value)
    const [oldest] = this.#values
    if (this.#values.size > this.#limit && oldest !== undefined) this.#values.delete(oldest)
    return true
  }
}
