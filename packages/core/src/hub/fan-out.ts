import type { Cursor } from '../log/event-log.ts'
import { clock } from '../stream/clock.ts'
import type { Subscriber } from './subscriber.ts'

/** How long one turn may deliver, in ms, before others have theirs. */
const SLICE = 4
/** To look at the clock costs as much as a visit does. */
const VISITS = 16

/** Who follows a channel. */
interface Followers {
  has(channel: string): boolean
  get(channel: string): ReadonlySet<Subscriber> | undefined
}

/**
 * Who has something to deliver, in turns. Entries of one tick are delivered together at its end; what takes longer than
 * a slice goes on in the next turn of the event loop, so that ten thousand streams do not hold up a request.
 */
export class FanOut {
  readonly #channels: Followers
  /** Channels with entries that nobody was told of yet, all of them at or behind `#from`. */
  readonly #fresh = new Set<string>()
  #from = 0
  #place: Cursor = ''
  #queue: Subscriber[] = []
  #scheduled = false

  constructor(channels: Followers) {
    this.#channels = channels
  }

  /** Whether there are entries that nobody was told of yet. */
  get pending(): boolean {
    return this.#fresh.size > 0
  }

  /** An entry came in at `position`, behind `place`. */
  add(channels: readonly string[], position: number, place: Cursor): void {
    for (const channel of channels) {
      if (!this.#channels.has(channel)) continue
      if (this.#fresh.size === 0) {
        this.#from = position
        this.#place = place
      }
      this.#fresh.add(channel)
    }
    if (this.#scheduled || !this.pending) return
    this.#scheduled = true
    clock.nextTick(turn, this)
  }

  /**
   * Visits `subscriber` in the next turn: when thousands come back at once they are all read in one turn of the event
   * loop, and what they missed must not be delivered in that same one.
   */
  enqueue(subscriber: Subscriber): void {
    if (subscriber.queued) return
    subscriber.queued = true
    this.#queue.push(subscriber)
    if (this.#scheduled) return
    this.#scheduled = true
    clock.setImmediate(turn, this)
  }

  /** Forgets what is fresh: the tail that it was in is gone. */
  reset(): void {
    this.#fresh.clear()
  }

  /** @internal */
  turn(): void {
    this.tell()
    const end = clock.now() + SLICE
    let visited = 0
    while (visited < this.#queue.length && (visited % VISITS > 0 || clock.now() < end)) {
      const subscriber = this.#queue[visited++] as Subscriber
      subscriber.queued = false
      subscriber.visit()
    }
    // Cut at every turn: under load the queue is never empty, and must not hold all that were ever in it.
    this.#queue.splice(0, visited)
    if (this.#queue.length > 0) {
      clock.setImmediate(turn, this)
      return
    }
    this.#scheduled = false
    if (!this.pending) return
    this.#scheduled = true
    clock.setImmediate(turn, this)
  }

  /** Whoever is up to date has had everything in front of `#from`: entries of other channels cost it nothing. */
  tell(): void {
    for (const channel of this.#fresh) {
      for (const subscriber of this.#channels.get(channel) ?? []) {
        if (subscriber.advance(this.#from, this.#place)) this.enqueue(subscriber)
      }
    }
    this.#fresh.clear()
  }
}

function turn(fanOut: FanOut): void {
  fanOut.turn()
}
