import type { Position } from '../stream/cursor.ts'

/**
 * How many confirmations are held: as many as the default history has entries. After more than that, the follower's
 * position is no longer stored anyway.
 */
const LIMIT = 100_000

/** How many doubtful entries are looked up at once. */
const DOUBTFUL = 1_000

/** An entry that clients may have received. Times are those of `performance.now()`. */
export interface Delivered {
  readonly position: Position
  /** Replication id of a server that had it; '' if unknown. */
  readonly server: string
  /** When it was delivered, or confirmed by Redis. */
  readonly at: number
}

/** An entry that Redis has confirmed to this process. */
export interface Confirmation extends Delivered {
  /** Number of the session that sent it. */
  readonly session: number
  /** When it was sent to Redis. */
  readonly sent: number
}

/** Confirmed entries that the follower should have read by now. */
export interface Overdue {
  /** These are certainly lost. */
  readonly lost: readonly Confirmation[]
  /** These may come before the position where the follower started: only Redis knows. */
  readonly doubtful: readonly Confirmation[]
}

/** The entries that Redis has confirmed to this process and that its follower has not read yet. */
export class Confirmed {
  readonly #confirmations = new Map<string, Confirmation>()

  add(confirmation: Confirmation): void {
    this.#confirmations.set(confirmation.position.nonce, confirmation)
    const [oldest] = this.#confirmations.keys()
    if (this.#confirmations.size > LIMIT && oldest !== undefined) this.#confirmations.delete(oldest)
  }

  /** Forgets an entry that the follower has read, or no longer needs to read. */
  delete(nonce: string): boolean {
    return this.#confirmations.delete(nonce)
  }

  /**
   * The newest entry of each session. All that one session has confirmed is on one server: if the server has this
   * entry, it has all of them.
   */
  newest(): Confirmation[] {
    const newest = new Map<number, Confirmation>()
    for (const confirmation of this.#confirmations.values()) newest.set(confirmation.session, confirmation)
    return [...newest.values()]
  }

  /** Forgets the entries that `which` selects, because the follower no longer needs to read them. */
  forget(which: (confirmation: Confirmation) => boolean): void {
    for (const [nonce, confirmation] of this.#confirmations)
      if (which(confirmation)) this.#confirmations.delete(nonce)
  }

  clear(): void {
    this.#confirmations.clear()
  }

  /**
   * The entries that are overdue once the follower has read all that was in the stream at `time`. An entry that was
   * confirmed before that and not read is lost, unless it comes before the position where the follower started at
   * `since`.
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
