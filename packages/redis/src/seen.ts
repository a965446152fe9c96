const LIMIT = 4_096

/** The newest of the entries that one follower has had, by their nonces. */
export class Seen {
  readonly #nonces = new Set<string>()

  has(nonce: string): boolean {
    return this.#nonces.has(nonce)
  }

  /** False when it was there already: a client that sends again what it does not know to be stored stores it twice. */
  add(nonce: string): boolean {
    if (this.#nonces.has(nonce)) return false
    this.#nonces.add(nonce)
    const [oldest] = this.#nonces
    if (this.#nonces.size > LIMIT && oldest !== undefined) this.#nonces.delete(oldest)
    return true
  }
}
