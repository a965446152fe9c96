/** The result of `send()` if no wait is needed. It is one promise for all calls, so that no call allocates one. */
export const ROOM: Promise<boolean> = Promise.resolve(true)
/** The result of `send()` if the stream has ended. */
export const OVER: Promise<boolean> = Promise.resolve(false)

/** The callers that wait for room in a stream. They share one promise. */
export class Room {
  #promise: Promise<boolean> | undefined
  #resolve: ((hasRoom: boolean) => void) | undefined

  /** Resolves with the next argument of {@link settle}. */
  wait(): Promise<boolean> {
    this.#promise ??= new Promise((resolve) => {
      this.#resolve = resolve
    })
    return this.#promise
  }

  /** Resolves the promise of the waiting callers. `false`: the stream has ended. */
  settle(hasRoom: boolean): void {
    const resolve = this.#resolve
    this.#promise = undefined
    this.#resolve = undefined
    resolve?.(hasRoom)
  }
}
