import type { Place } from '../stream/cursor.ts'

/** As many as a history has by default: after more than that, the stream no longer has the follower's last entry anyway. */
const LIMIT = 100_000

/** How many are looked for at once. */
const DOUBTFUL = 1_000

/** An entry that Redis has confirmed to this process. Times are of `performance.now()`. */
export interface Confirmation {
  readonly place: Place
  /** Number of the session that it was sent in. */
  readonly session: number
  /** Replication id of the server; '' when that is not known. */
  readonly server: string
  /** When it was sent to Redis. */
  readonly sent: number
  /** When Redis confirmed it. */
  readonly at: number
}

/** What became of the confirmed entries that should have come by. */
export interface Overdue {
  /** They are lost for certain. */
  readonly lost: readonly Confirmation[]
  /** They may be before the point where the follower began: only Redis knows. */
  readonly doubtful: readonly Confirmation[]
}

/** The entries that Redis has confirmed to this process and that its follower has not read yet. */
export class Confirmed {
  readonly #confirmations = new Map<string, Confirmation>()

  add(confirmation: Confirmation): void {
    this.#confirmations.set(confirmation.place.nonce, confirmation)
    const [oldest] = this.#confirmations.keys()
    if (this.#confirmations.size > LIMIT && oldest !== undefined) this.#confirmations.delete(oldest)
  }

  /** The follower has read the entry, or it need not be waited for. */
  delete(nonce: string): boolean {
    return this.#confirmations.delete(nonce)
  }

  /** The newest of each session. One session is one server: if that has the newest, it has the others. */
  newest(): Confirmation[] {
    const newest = new Map<number, Confirmation>()
    for (const confirmation of this.#confirmations.values()) newest.set(confirmation.session, confirmation)
    return [...newest.values()]
  }

  /** These need not be waited for. */
  forget(which: (confirmation: Confirmation) => boolean): void {
    for (const [nonce, confirmation] of this.#confirmations)
      if (which(confirmation)) this.#confirmations.delete(nonce)
  }

  clear(): void {
    this.#confirmations.clear()
  }

  /**
   * The follower has read everything that was in the stream at `time`. What was confirmed before that and has not come
   * by is lost, unless it is before the point where the follower began at `since`.
   */
  overdue(time: number, since: number): Overdue {
    const overdue = { lost: [] as Confirmation[], doubtful: [] as Confirmation[] }
    for (const confirmation of this.#confirmations.values()) {
      if (confirmation.at >= time) break
      if (confirmation.sent > since) overdue.lost.push(confirmation)
      else if (overdue.doubtful.length < DOUBTFUL) overdue.doubtful.push(confirmation)
    }
    return overdue
  }
}
