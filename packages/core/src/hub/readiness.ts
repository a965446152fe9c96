/** Whether a log is followed, and the callers that wait for it. */
export class Readiness {
  /** Resolves when the log is followed. */
  readonly started: Promise<void>
  #onStart: () => void = () => {}
  #isStarted = false
  /** The error of a log that cannot be followed until someone changes its configuration. */
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

  /** The log cannot be followed until its configuration changes: rejects pending and later calls of `wait()`. */
  refuse(error: unknown): void {
    this.#refusal = { error }
    for (const fail of this.#waiting) fail(error)
  }

  /** Withdraws the refusal: the log has reported another state, so it may be followed after all. */
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
