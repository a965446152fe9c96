/** Keys of listeners that are not event names. */
export const STATE = 1
export const ANY = 2

/** Functions that are called by key. */
export interface Listeners {
  /** Returns a function that removes the listener. */
  add(key: unknown, listener: (...args: never[]) => void): () => void
  call(key: unknown, ...args: unknown[]): void
}

export function createListeners(): Listeners {
  const entries = new Set<[key: unknown, listener: (...args: never[]) => void]>()
  return {
    add(key, listener) {
      // A new entry for each call, so that a function that was added twice can be removed once.
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

/** Calls `run` and reports an error that it throws, as an EventTarget does for its listeners. */
export function attempt(run: () => void): void {
  try {
    run()
  } catch (error) {
    const { reportError = throwLater } = globalThis as { reportError?: (error: unknown) => void }
    reportError(error)
  }
}

/** Node has no reportError(): the error becomes an uncaught exception there. */
function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}
