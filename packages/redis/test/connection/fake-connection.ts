import type { ConnectOptions, RedisConnection } from '../../src/connection/redis-client.ts'

/** A connection that the test controls. */
export class FakeConnection implements RedisConnection {
  readonly opened: Promise<unknown>
  readonly sent: string[][] = []
  closed = false
  readonly #options: ConnectOptions
  readonly #answers: { resolve(answer: unknown): void; reject(error: Error): void }[] = []
  #open: () => void = () => {}
  #refuse: (error: Error) => void = () => {}

  constructor(options: ConnectOptions) {
    this.#options = options
    this.opened = new Promise<void>((resolve, reject) => {
      this.#open = resolve
      this.#refuse = reject
    })
  }

  send(args: string[]): Promise<unknown> {
    this.sent.push(args)
    return new Promise((resolve, reject) => this.#answers.push({ resolve, reject }))
  }

  subscribe(): Promise<unknown> {
    return Promise.resolve()
  }

  unsubscribe(): Promise<unknown> {
    return Promise.resolve()
  }

  close(): void {
    this.closed = true
  }

  open(): void {
    this.#open()
  }

  refuse(message: string): void {
    this.#refuse(new Error(message))
  }

  /** Answers the oldest waiting command. */
  answer(answer: unknown): void {
    const waiting = this.#answers.shift()
    if (answer instanceof Error) waiting?.reject(answer)
    else waiting?.resolve(answer)
  }

  break(message: string): void {
    this.#options.onLost(new Error(message))
  }
}
