interface Holder {
  reject(reason: unknown): void
}

interface Options {
  steal?: boolean
  signal?: AbortSignal
}

/** Web Locks as in a browser, as far as tabs use them. A runtime without them is given these. */
export class FakeLocks {
  readonly #holders = new Map<string, Holder>()
  readonly #waiting: { name: string; run: () => void }[] = []

  request(name: string, { steal, signal }: Options, callback: () => unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const run = () => {
        const holder = { reject }
        this.#holders.set(name, holder)
        Promise.resolve()
          .then(callback)
          .then(resolve, reject)
          .finally(() => {
            if (this.#holders.get(name) !== holder) return
            this.#holders.delete(name)
            this.#next(name)
          })
      }
      if (steal) {
        this.#holders.get(name)?.reject(new Error('stolen'))
        run()
        return
      }
      const entry = { name, run }
      this.#waiting.push(entry)
      signal?.addEventListener('abort', () => {
        const index = this.#waiting.indexOf(entry)
        if (index < 0) return
        this.#waiting.splice(index, 1)
        reject(signal.reason)
      })
      this.#next(name)
    })
  }

  #next(name: string): void {
    const index = this.#waiting.findIndex((entry) => entry.name === name)
    if (this.#holders.has(name) || index < 0) return
    this.#waiting.splice(index, 1)[0]?.run()
  }
}
