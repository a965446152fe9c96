import { encodeFarewell, holdsEvent } from '../wire/encode.ts'

/**
 * Events that follow the first one within this many ms belong to the same answer. An app must subscribe within this
 * time.
 */
const LINGER = 200
/**
 * How many ms after the wait the answer stays open for an owner that still reads, from a log that is slow or cannot be
 * reached.
 */
const EXTRA_WAIT = 5_000
/** The maximum length of an answer, in bytes. */
const MAX_ANSWER = 262_144
/** From this length on, an answer ends before it would exceed the maximum. */
const MIN_ANSWER = 65_536
/** After how many ms the client asks again. Events that are published meanwhile wait that long. */
const RETRY = 500

/** A long poll: an answer that ends once it contains events, or after its wait. */
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

  /** When the answer must end. */
  get due(): number {
    return Math.min(this.#waitEnd, this.#lingerEnd)
  }

  /**
   * Called when the app itself has sent text, without a hub or run. Returns whether that changes when the answer ends.
   */
  onSent(text: string, now: number): boolean {
    if (this.#lingerEnd !== Number.POSITIVE_INFINITY || !holdsEvent(text)) return false
    this.#lingerEnd = now + LINGER
    return true
  }

  /** Called when a hub or a run feeds the stream: events that the app itself sends then do not end the answer. */
  onOwner(): void {
    this.#lingerEnd = Number.POSITIVE_INFINITY
  }

  /** Whether its owner has used all of its extra time. */
  isOverdue(now: number): boolean {
    return now >= this.#waitEnd + EXTRA_WAIT
  }

  /** Whether `text` fits into the answer; the first text always does. */
  takes(text: string): boolean {
    const bytes = this.#bytes + Buffer.byteLength(text)
    if (bytes > MAX_ANSWER && this.#bytes >= MIN_ANSWER) return false
    this.#bytes = bytes
    return true
  }

  /** The last text of the answer. It tells the client when to ask again. */
  farewell(retry: number): string {
    return encodeFarewell(Math.min(retry, RETRY))
  }
}
