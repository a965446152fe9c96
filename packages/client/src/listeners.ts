/** Functions that are called by a key. */
export interface Listeners {
  /** Returns what takes it off again. */
  add(key: unknown, listener: (...args: never[]) => void): () => void
  call(key: unknown, ...args: unknown[]): void
}

export function createListeners(): Listeners {
  const entries = new Set<[key: unknown, listener: (...args: never[]) => void]>()
  return {
    add(key, listener) {
      // An entry of its own, so that a function that was added twice can be taken off once.
      const entry: [unknown, typeof listener] = [key, listener]
      entries.add(entry)
      return () => void entries.delete(entry)
    },
    call(key, ...args) {
      for (const [its, listener] of [...entries]) {
        if (its === key) attempt(() => listener(...(args as never[])))
      }
    },
  }
}

/** What `run` throws is reported, as what a listener of an EventTarget throws. */
export function attempt(run: () => void): void {
  try {
    run()
  } catch (error) {
    const { reportError = throwLater } = globalThis as { reportError?: (error: unknown) => void }
    reportError(error)
  }
}

/** Node has no reportError(): it is an uncaught exception there. */
function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}
