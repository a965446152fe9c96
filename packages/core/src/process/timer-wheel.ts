import { clock } from './clock.ts'
import { inNoContext } from './no-context.ts'

/** Something that the wheel wakes from time to time. Times are in ms, on the clock of `performance.now()`. */
export interface Sleeper {
  /**
   * Does all work that is due before `until`. Returns the time of the next work (Infinity: none); the wheel may wake it
   * earlier.
   */
  wake(until: number): number
  /** The slot that it waits in, set by the wheel so that delete() needs no search. */
  slot?: Set<Sleeper> | undefined
}

const TICK = 100
const SLOTS = 160
/** How late a tick of an idle process may come, in ms. */
const SLACK = 10

/**
 * One timer for all streams of the process. Ten thousand streams with a timer each, moved at every write, would cost
 * more than the writes. A sleeper waits in the slot of its due time and is woken in the last tick before that; a late
 * tick visits every slot that was missed. So a sleeper is late only by as much as the event loop is. Waits longer than
 * the wheel (16 s) are split. The timer is unref'd and stops when no sleeper waits.
 */
export class TimerWheel {
  /**
   * Time of the last tick, which is free to read. While a sleeper waits and nothing is late, it is at most a tick old.
   */
  now: number = clock.now()
  readonly #slots: Set<Sleeper>[] = Array.from({ length: SLOTS }, () => new Set())
  /** Number of the last visited slot. Slot n is for what is due n to n + 1 ticks after time 0. */
  #hand = 0
  #sleepers = 0
  #timer: NodeJS.Timeout | undefined

  /** How many sleepers wait. */
  get size(): number {
    return this.#sleepers
  }

  /** Wakes `sleeper` before `due`. */
  add(sleeper: Sleeper, due: number): void {
    if (due === Number.POSITIVE_INFINITY) return
    if (this.#sleepers++ === 0) this.#start()
    this.#place(sleeper, due)
  }

  /** Never wakes `sleeper` again. */
  delete(sleeper: Sleeper): void {
    if (sleeper.slot?.delete(sleeper) && --this.#sleepers === 0) clock.clearInterval(this.#timer)
    sleeper.slot = undefined
  }

  #place(sleeper: Sleeper, due: number): void {
    const slot = Math.min(this.#hand + SLOTS - 1, Math.max(this.#hand + 1, Math.floor(due / TICK)))
    sleeper.slot = this.#slots[slot % SLOTS]
    sleeper.slot?.add(sleeper)
  }

  #start(): void {
    this.now = clock.now()
    this.#hand = Math.floor(this.now / TICK)
    this.#timer = inNoContext(() => clock.setInterval(() => this.#turn(), TICK)).unref()
  }

  #turn(): void {
    this.now = clock.now()
    const until = this.now + TICK + SLACK
    const last = Math.floor(until / TICK)
    this.#hand = Math.max(this.#hand, last - SLOTS)
    while (this.#hand < last) this.#visit(++this.#hand, until)
  }

  #visit(slot: number, until: number): void {
    for (const sleeper of this.#slots[slot % SLOTS] ?? []) {
      const due = sleeper.wake(until)
      // wake() may have deleted it.
      if (sleeper.slot === undefined) continue
      if (due === Number.POSITIVE_INFINITY) this.delete(sleeper)
      else {
        sleeper.slot.delete(sleeper)
        this.#place(sleeper, due)
      }
    }
  }
}

/** The wheel of this process. */
export const wheel: TimerWheel = new TimerWheel()
