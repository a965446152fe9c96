/** Whether a log is followed, and the callers that wait for it. */
export class Readiness {
  /** Resolves when the log is followed. */
  readonly started: Promise<void>
  #onStart: () => void = () => {}
  #isStarted = false
  /** Why the log will not be followed until someone changes the configuration. */
  #refusal: { readonly error: unknown } | undefined
  readonly #waiting = new Set<(error: unknown) => void>()

  constructor() {
    this.started = new Promise((resolve) => {
      this.#onStart = resolve
    })
  }

  start(): void {
    this.#isStarted = true
    this.#onStart()
  }

  /** The log cannot be followed without such a change: rejects pending calls now, and later calls at once. */
  refuse(error: unknown): void {
    this.#refusal = { error }
    for (const fail of this.#waiting) fail(error)
  }

  /** The log reported something else, so it may be followed after all. */
  retract(): void {
    this.#refusal = undefined
  }

  /** As {@link Hub.ready}. */
  async wait(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    if (this.#isStarted) return
    if (this.#refusal !== undefined) throw this.#refusal.error
    let stop: () => void = () => {}
    const failed = new Promise<never>((_, reject) => {
      this.#waiting.add(reject)
      const onAbort = () => reject(signal?.reason)
      signal?.addEventListener('abort', onAbort, { once: true })
      stop = () => {
        this.#waiting.delete(reject)
        signal?.removeEventListener('abort', onAbort)
      }
    })
    try {
      await Promise.race([this.started, failed])
    } finally {
      stop()
    }
  }
}
