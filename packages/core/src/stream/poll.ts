import { encodeFarewell, holdsEvent } from '../wire/encode.ts'

/** What comes so many ms after the first event belongs to the same answer, and an app has this long to subscribe. */
const LINGER = 200
/** An owner that is still reading, from a log that is slow or away, has so many ms more. */
const PATIENCE = 5_000
/** An answer is at most this long, in bytes. */
const MAX_ANSWER = 262_144
/** From this length on an answer ends earlier rather than become longer than that. */
const MIN_ANSWER = 65_536
/** When the client is to ask again, in ms: what is published until then waits. */
const RETRY = 500

/** A long poll: an answer that ends when it has told something, or after its wait. */
export class Poll {
  /** In seconds. */
  readonly wait: number
  readonly #waitEnd: number
  #lingerEnd = Number.POSITIVE_INFINITY
  #bytes = 0

  /** @param now - times are in ms, those of `performance.now()` */
  constructor(wait: number, now: number) {
    this.wait = wait
    this.#waitEnd = now + wait * 1_000
  }

  /** When the answer is to end. */
  get due(): number {
    return Math.min(this.#waitEnd, this.#lingerEnd)
  }

  /** The app has sent something by itself. Returns whether that has changed when the answer ends. */
  onSent(text: string, now: number): boolean {
    if (this.#lingerEnd !== Number.POSITIVE_INFINITY || !holdsEvent(text)) return false
    this.#lingerEnd = now + LINGER
    return true
  }

  /** A hub or a run feeds the stream: what the app sends besides does not end the answer. */
  onOwner(): void {
    this.#lingerEnd = Number.POSITIVE_INFINITY
  }

  /** Whether its owner has had all the time that it may take. */
  isOverdue(now: number): boolean {
    return now >= this.#waitEnd + PATIENCE
  }

  /** Whether `text` finds room in the answer; the first text always does. */
  takes(text: string): boolean {
    const bytes = this.#bytes + Buffer.byteLength(text)
    if (bytes > MAX_ANSWER && this.#bytes >= MIN_ANSWER) return false
    this.#bytes = bytes
    return true
  }

  /** Tells the client when to ask again. */
  farewell(retry: number): string {
    return encodeFarewell(Math.min(retry, RETRY))
  }
}
