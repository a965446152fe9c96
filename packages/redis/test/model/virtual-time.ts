import timers from 'node:timers/promises'

interface Timer {
  readonly due: number
  readonly run: () => void
}

/** Time that passes as fast as the program runs: the timers and the clock of this process, until {@link restore}. */
export class VirtualTime {
  readonly #timers = new Map<object, Timer>()
  readonly #real = { setTimeout, clearTimeout, now: performance.now, sleep: timers.setTimeout }
  #now = 1_000

  constructor() {
    globalThis.setTimeout = ((run: (value?: unknown) => void, ms = 0) => {
      const handle = { unref: () => handle, ref: () => handle }
      // Less than Node's 1 ms, because a local network is faster.
      this.#timers.set(handle, { due: this.#now + Math.max(ms, 0.03), run: () => run(undefined) })
      return handle
    }) as unknown as typeof setTimeout
    globalThis.clearTimeout = ((handle: object) => void this.#timers.delete(handle)) as typeof clearTimeout
    performance.now = () => this.#now
    timers.setTimeout = ((ms: number) => this.sleep(ms)) as typeof timers.setTimeout
  }

  get now(): number {
    return this.#now
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms))
  }

  /** Runs what is due within `ms`. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms
    for (;;) {
      await new Promise(setImmediate)
      let next: [object, Timer] | undefined
      for (const entry of this.#timers) if (next === undefined || entry[1].due < next[1].due) next = entry
      if (next === undefined || next[1].due > end) break
      this.#timers.delete(next[0])
      this.#now = Math.max(this.#now, next[1].due)
      next[1].run()
    }
    this.#now = end
  }

  restore(): void {
    globalThis.setTimeout = this.#real.setTimeout
    globalThis.clearTimeout = this.#real.clearTimeout
    performance.now = this.#real.now
    timers.setTimeout = this.#real.sleep
  }
}
