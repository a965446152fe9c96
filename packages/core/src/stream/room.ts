/** What `send()` answers when nobody has to wait: one promise for all, so that awaiting it costs no allocation. */
export const ROOM: Promise<boolean> = Promise.resolve(true)
/** What it answers when the stream is over. */
export const OVER: Promise<boolean> = Promise.resolve(false)

/** The callers that wait for room in a stream: all on one promise. */
export class Room {
  #promise: Promise<boolean> | undefined
  #resolve: ((hasRoom: boolean) => void) | undefined

  /** Resolves with what {@link settle} is called with next. */
  wait(): Promise<boolean> {
    this.#promise ??= new Promise((resolve) => {
      this.#resolve = resolve
    })
    return this.#promise
  }

  /** `false`: the stream is over. */
  settle(hasRoom: boolean): void {
    const resolve = this.#resolve
    this.#promise = undefined
    this.#resolve = undefined
    resolve?.(hasRoom)
  }
}
