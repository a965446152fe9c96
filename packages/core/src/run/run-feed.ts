import { inNoContext } from '../process/no-context.ts'
import { withId } from '../wire/encode.ts'
import { formatPlace } from './run-place.ts'
import type { RunPlace, RunReading, RunStore } from './run-store.ts'

/** How much text is sent at once. Otherwise a client that stops reading would hold a copy of all its pending events. */
const MAX_TEXT = 65_536
/** How many events are read at once. */
const PAGE = 200

/** A follower of the feed. None of its methods throws. */
export interface FeedFollower {
  /** Called when the run has changed. `news` is the new piece, if it is known. */
  onNews(news: RunPiece | undefined): void
}

/** A piece of a run, encoded once for all followers at the same position. */
export class RunPiece {
  readonly reading: RunReading
  #encoded: { text: string; next: number } | undefined

  constructor(reading: RunReading) {
    this.reading = reading
  }

  /** The text of its first events, as many as are sent at once, and the number of the event after them. */
  encode(): { text: string; next: number } {
    this.#encoded ??= this.#encode()
    return this.#encoded
  }

  #encode(): { text: string; next: number } {
    const { attempt, first, events } = this.reading
    let text = ''
    let next = first
    for (; next < first + events.length && text.length < MAX_TEXT; next++) {
      text += withId(events[next - first] as string, formatPlace({ attempt, number: next }))
    }
    return { text, next }
  }
}

/**
 * One run, shared by its followers in this process: one `follow` of the store, and one read for all followers at the
 * same position.
 */
export class RunFeed {
  readonly #id: string
  readonly #store: RunStore
  readonly #followers = new Set<FeedFollower>()
  readonly #reads = new Map<string, Promise<RunPiece | undefined>>()
  readonly #unfollow: () => void

  constructor(id: string, store: RunStore) {
    this.#id = id
    this.#store = store
    // Other followers come and go, so it does not belong to the request of the first.
    this.#unfollow = inNoContext(() => store.follow(id, (news) => this.#onNews(news)))
  }

  get empty(): boolean {
    return this.#followers.size === 0
  }

  add(follower: FeedFollower): void {
    this.#followers.add(follower)
  }

  /** Removes a follower. The feed ends with its last one. */
  delete(follower: FeedFollower): void {
    if (this.#followers.delete(follower) && this.empty) this.#unfollow()
  }

  /** Reads a piece of the run after `place`. Rejects while the store cannot be read. */
  read(place: RunPlace | undefined): Promise<RunPiece | undefined> {
    const key = place === undefined ? '' : formatPlace(place)
    const pending = this.#reads.get(key)
    if (pending !== undefined) return pending
    const read = this.#read(key, place)
    this.#reads.set(key, read)
    return read
  }

  async #read(key: string, place: RunPlace | undefined): Promise<RunPiece | undefined> {
    try {
      const reading = await inNoContext(() => this.#store.read(this.#id, place, PAGE))
      return reading && new RunPiece(reading)
    } finally {
      this.#reads.delete(key)
    }
  }

  #onNews(news: RunReading | undefined): void {
    // A pending read may have been answered before this change.
    this.#reads.clear()
    const piece = news && new RunPiece(news)
    for (const follower of this.#followers) follower.onNews(piece)
  }
}
