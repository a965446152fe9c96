/** Something that is woken now and then. */
export interface Sleeper {
  /** Called about when it is due, perhaps early; returns in how many ms it is due next (Infinity: never again). */
  wake(now: number): number
  /** The slot it waits in: the wheel's own note, so that forgetting it costs no search. */
  slot?: Set<Sleeper> | undefined
}

const TICK = 100
const SLOTS = 160

/**
 * One timer for all streams of the process, because ten thousand of them with a timer each, moved at every write,
 * would cost more than the writes. A sleeper waits in the slot of its due time and is looked at only then.
 * Waits longer than the wheel (16 s) are cut into several. The timer is unref'd and stops when nobody waits.
 */
export class TimerWheel {
  /** Time of the last tick in ms; reading it costs nothing, and is at most a tick old while somebody waits. */
  now: number = performance.now()
  readonly #slots: Set<Sleeper>[] = Array.from({ length: SLOTS }, () => new Set())
  #hand = 0
  #sleepers = 0
  #timer: NodeJS.Timeout | undefined

  /** How many wait. */
  get size(): number {
    return this.#sleepers
  }

  /** Wakes `sleeper` in about `delay` ms. */
  add(sleeper: Sleeper, delay: number): void {
    if (delay === Number.POSITIVE_INFINITY) return
    if (this.#sleepers++ === 0) this.#start()
    const ticks = Math.min(SLOTS - 1, Math.max(1, Math.ceil(delay / TICK)))
    sleeper.slot = this.#slots[(this.#hand + ticks) % SLOTS]
    sleeper.slot?.add(sleeper)
  }

  /** Never wakes `sleeper` again. */
  delete(sleeper: Sleeper): void {
    if (sleeper.slot?.delete(sleeper) && --this.#sleepers === 0) this.#stop()
    sleeper.slot = undefined
  }

  #start(): void {
    this.now = performance.now()
    this.#timer = setInterval(() => this.#turn(), TICK).unref()
  }

  #stop(): void {
    clearInterval(this.#timer)
  }

  #turn(): void {
    this.now = performance.now()
    this.#hand = (this.#hand + 1) % SLOTS
    for (const sleeper of this.#slots[this.#hand] ?? []) {
      const delay = sleeper.wake(this.now)
      // It may have been deleted while it was awake.
      if (sleeper.slot === undefined) continue
      this.delete(sleeper)
      this.add(sleeper, delay)
    }
  }
}

/** The one of this process. */
export const wheel: TimerWheel = new TimerWheel()
