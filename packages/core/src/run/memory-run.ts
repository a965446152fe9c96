import { randomBytes } from 'node:crypto'
import { SseError } from '../errors.ts'
import type { RunState, RunStatus } from './run-state.ts'
import type { NewRun, RunAttempt, RunClaim, RunListener, RunPlace, RunReading } from './run-store.ts'

/** One attempt of a run in this process, and the claim on it. */
export class MemoryRun implements RunClaim {
  readonly attempt: RunAttempt = randomBytes(10).toString('hex')
  readonly id: string
  readonly #run: NewRun
  readonly #notify: RunListener
  readonly #isWatched: () => boolean
  readonly #startedAt = Date.now()
  #endedAt: number | undefined
  #status: RunStatus = 'running'
  /**
   * The newest events. Dropped ones are cut off in large pieces: `#dropped` events were dropped, `#cut` of them are no
   * longer in the array.
   */
  #events: string[] = []
  #dropped = 0
  #cut = 0
  #bytes = 0
  #heldBytes = 0

  constructor(id: string, run: NewRun, notify: RunListener, isWatched: () => boolean) {
    this.id = id
    this.#run = run
    this.#notify = notify
    this.#isWatched = isWatched
  }

  get watched(): boolean {
    return this.#isWatched()
  }

  get ended(): boolean {
    return this.#endedAt !== undefined
  }

  get state(): RunState {
    const state = {
      id: this.id,
      status: this.#status,
      events: this.#last,
      bytes: this.#bytes,
      startedAt: this.#startedAt,
    }
    return this.#endedAt === undefined ? state : { ...state, endedAt: this.#endedAt }
  }

  async append(events: readonly string[]): Promise<void> {
    if (this.ended) throw claimLost(this.id)
    const first = this.#last + 1
    // Join the events, so that they are measured at once and each is a slice of one string. Otherwise V8 would keep
    // each as a tree of the pieces it was concatenated from, and their collection costs more than all other work here.
    const text = events.join('')
    const bytes = Buffer.byteLength(text)
    this.#bytes += bytes
    this.#heldBytes += bytes
    let from = 0
    for (const { length } of events) {
      this.#events.push(text.slice(from, from + length))
      from += length
    }
    this.#trim()
    this.#notify({ attempt: this.attempt, state: this.state, first, events })
  }

  async end(status: 'done' | 'stopped' | 'failed'): Promise<void> {
    if (this.ended) throw claimLost(this.id)
    this.finish(status)
  }

  /** Ends the run although its source has not ended. */
  revoke(why: 'stopped' | 'lost'): void {
    this.finish(why)
    this.#run.onRevoked(why)
  }

  read(place: RunPlace | undefined, limit: number): RunReading {
    const { attempt, state } = this
    const after = place?.attempt === attempt ? Math.min(place.number, this.#last) : 0
    const from = Math.max(after, this.#dropped)
    const start = from - this.#cut
    return { attempt, state, first: from + 1, events: this.#events.slice(start, start + limit) }
  }

  finish(status: 'done' | 'stopped' | 'failed' | 'lost'): void {
    this.#status = status
    this.#endedAt = Date.now()
    this.#notify(this.read({ attempt: this.attempt, number: this.#last }, 0))
  }

  /** Number of the newest event. */
  get #last(): number {
    return this.#cut + this.#events.length
  }

  #trim(): void {
    while (this.#heldBytes > this.#run.maxBytes && this.#dropped < this.#last - 1) {
      const at = this.#dropped - this.#cut
      this.#heldBytes -= Buffer.byteLength(this.#events[at] as string)
      // Release the text now. The slot is removed later with many others, because shifting an array moves all of it.
      this.#events[at] = ''
      this.#dropped++
    }
    const slots = this.#dropped - this.#cut
    if (slots < 1_024 || slots * 2 < this.#events.length) return
    this.#events = this.#events.slice(slots)
    this.#cut = this.#dropped
  }
}

function claimLost(id: string): SseError {
  return new SseError(
    'ERR_SSE_RUN_LOST',
    `The run ${id} has ended, so nothing can be added to it. Stop the source when its signal aborts.`,
  )
}
