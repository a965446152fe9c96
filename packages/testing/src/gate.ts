/** Lets calls pass, or holds them back in order. */
export class Gate {
  readonly #holds = new Set<object>()
  #waiting: (() => void)[] = []

  hold(): () => void {
    const hold = {}
    this.#holds.add(hold)
    return () => {
      if (this.#holds.delete(hold) && this.#holds.size === 0) this.open()
    }
  }

  open(): void {
    this.#holds.clear()
    for (const run of this.#waiting.splice(0)) run()
  }

  run(call: () => void): void {
    if (this.#holds.size === 0) call()
    else this.#waiting.push(call)
  }

  pass<T>(call: () => Promise<T>): Promise<T> {
    return new Promise((resolve) => this.run(() => resolve(call())))
  }
}
