import { AsyncResource } from 'node:async_hooks'
import type { Cursor } from '../log/event-log.ts'
import { clock } from '../process/clock.ts'
import type { Passage } from '../stream/compression/shared-text.ts'
import type { ChannelSet } from './channel-set.ts'
import { collect, type Run } from './run.ts'
import { SharedTexts } from './shared-texts.ts'
import type { Tail } from './tail.ts'

/** How long, in ms, one turn may deliver before other work of the process runs. */
const SLICE = 4
/** How many visits are made between two readings of the clock. A reading costs as much as a visit. */
const VISITS = 16

/** A follower that the fan-out visits: a stream, for example. */
export interface Visited {
  readonly channels: ChannelSet
  /** A visit is due. Only the fan-out sets this. */
  queued: boolean
  /** Position in the tail of the next entry to offer. */
  readonly position: number
  /** Whether it waits for its next turn, and not for its client. */
  readonly resting: boolean
  /**
   * An entry for it was appended at `position`, after `cursor`. Earlier entries that were not handed over are not for
   * it. Returns false if it needs no visit, because it continues by itself when it can.
   */
  advance(position: number, cursor: Cursor): boolean
  /** Hands over some of the entries after its position. */
  visit(): void
}

/** The followers of each channel. */
interface Followers {
  has(channel: string): boolean
  get(channel: string): ReadonlySet<Visited> | undefined
}

/**
 * Visits, in turns, every stream that has something to receive. Entries of one tick are delivered together at its end.
 * Work beyond a slice continues in the next turn of the event loop, so ten thousand streams do not delay a request.
 */
export class FanOut {
  readonly #channels: Followers
  readonly #source: { readonly tail: Tail }
  /**
   * Runs in the async context in which the hub was created. Otherwise it would run in the context of any request that
   * publishes.
   */
  readonly #turn: () => void = AsyncResource.bind(() => this.#run())
  /** Channels with entries that were not announced yet. All of these entries are at or after `#from`. */
  readonly #fresh = new Set<string>()
  #from = 0
  #cursor: Cursor = ''
  #queue: Visited[] = []
  readonly #resting = new Set<Visited>()
  #scheduled = false
  /** The last run of each set of channels, until the turn ends: most streams of a set are at the same position. */
  readonly #runs = new Map<ChannelSet, { position: number; run: Run }>()
  readonly #sharedTexts = new SharedTexts()
  /** No stream that is being served is at a lower position. */
  #floor = 0
  /** Publishers that wait for room in the tail. */
  #waiting: (() => void)[] = []

  constructor(channels: Followers, source: { readonly tail: Tail }) {
    this.#channels = channels
    this.#source = source
  }

  /** Whether there are entries that were not announced yet. */
  get pending(): boolean {
    return this.#fresh.size > 0
  }

  /** An entry was appended at `position`, after `cursor`. */
  add(channels: readonly string[], position: number, cursor: Cursor): void {
    for (const channel of channels) {
      if (!this.#channels.has(channel)) continue
      if (this.#fresh.size === 0) {
        this.#from = position
        this.#cursor = cursor
      }
      this.#fresh.add(channel)
    }
    if (this.#scheduled || !this.pending) return
    this.#scheduled = true
    clock.nextTick(this.#turn)
  }

  /**
   * Visits `visited` in the next turn. If thousands of clients reconnect at once, their requests are all read in one
   * turn of the event loop. That turn would otherwise also deliver everything that they missed.
   */
  enqueue(visited: Visited): void {
    this.#resting.delete(visited)
    if (visited.queued) return
    visited.queued = true
    this.#queue.push(visited)
    this.#floor = Math.min(this.#floor, visited.position)
    this.#schedule()
  }

  /** Forgets a follower that has ended, so that no publisher waits for it. */
  forget(visited: Visited): void {
    this.#resting.delete(visited)
    if (visited.channels.uses === 0) this.#sharedTexts.delete(visited.channels)
  }

  /** Forgets everything about the old tail, which was replaced. */
  reset(): void {
    this.#fresh.clear()
    this.#runs.clear()
    this.#sharedTexts.clear()
    this.#floor = 0
  }

  /** The run for streams of `channels` at `position`. */
  runOf(channels: ChannelSet, position: number): Run {
    const known = this.#runs.get(channels)
    // A run that ends where it starts was assembled at the end of the tail, which may have grown since.
    if (known?.position === position && known.run.next > position) return known.run
    const { tail } = this.#source
    const run = collect(tail, position, tail.next, (entry) => channels.textOf(entry))
    // At a shutdown, streams are served outside of any turn, and only a turn clears the runs.
    if (this.#runs.size === 0) this.#schedule()
    this.#runs.set(channels, { position, run })
    return run
  }

  /** `run` as a passage of the text that all streams of `channels` share; undefined if it is not part of that. */
  passageOf(channels: ChannelSet, position: number, run: Run): Passage | undefined {
    if (run.passage !== undefined) return run.passage
    const whole = this.runOf(channels, position)
    // The same text means that the filter accepted every entry.
    if (whole.next !== run.next || whole.text !== run.text) return undefined
    whole.passage ??= this.#sharedTexts.passage(this.#source.tail, channels, position, whole)
    return whole.passage
  }

  /**
   * Undefined if there is room for more entries, otherwise a promise that resolves when there is. Without room, a new
   * entry would drop entries that were not yet offered to streams whose clients do read, so publishers that await
   * `publish()` wait.
   */
  room(): Promise<void> | undefined {
    if (!this.#isCrowded()) return undefined
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.#schedule()
    })
  }

  /** Up-to-date subscribers have received everything before `#from`, so entries of other channels cost them nothing. */
  announce(): void {
    for (const channel of this.#fresh) {
      for (const visited of this.#channels.get(channel) ?? []) {
        if (visited.advance(this.#from, this.#cursor)) this.enqueue(visited)
        else if (visited.resting) this.#resting.add(visited)
      }
    }
    this.#fresh.clear()
  }

  #run(): void {
    this.announce()
    const end = clock.now() + SLICE
    let count = 0
    try {
      while (count < this.#queue.length && (count % VISITS > 0 || clock.now() < end)) {
        const visited = this.#queue[count++] as Visited
        visited.queued = false
        visited.visit()
        if (visited.resting) this.#resting.add(visited)
      }
    } finally {
      // Remove visited entries every turn. Under load the queue never empties, so it would otherwise grow without
      // bound.
      this.#queue.splice(0, count)
      this.#runs.clear()
      if (this.#waiting.length > 0 && !this.#isCrowded())
        for (const resolve of this.#waiting.splice(0)) resolve()
      this.#scheduled = false
      if (this.#queue.length > 0 || this.pending || this.#waiting.length > 0) this.#schedule()
    }
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    clock.setImmediate(this.#turn)
  }

  #isCrowded(): boolean {
    const { tail } = this.#source
    if (!tail.isHalfFullAfter(this.#floor)) return false
    this.#floor = this.#lowest(tail)
    return tail.isHalfFullAfter(this.#floor)
  }

  /**
   * The lowest position of the streams that are being served. Clients that do not read do not count, because nothing
   * waits for them.
   */
  #lowest(tail: Tail): number {
    let lowest = this.pending ? this.#from : tail.next
    for (const { position } of this.#queue) lowest = Math.min(lowest, position)
    for (const visited of this.#resting) {
      if (visited.resting) lowest = Math.min(lowest, visited.position)
      else this.#resting.delete(visited)
    }
    return lowest
  }
}
