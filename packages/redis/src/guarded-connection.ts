import { Backoff } from './backoff.ts'
import type { Connect } from './connect.ts'
import { Session } from './session.ts'

/** A connection that is there when it is needed: opened at the first command, and anew after it was lost. */
export class GuardedConnection {
  readonly #connect: Connect
  readonly #timeout: number
  readonly #backoff = new Backoff()
  #session: Session | undefined
  /** Why the last one could not be opened, and until when there is no other. */
  #failed: { error: Error; until: number } | undefined
  #closed = false

  /** @param timeout - how many ms connecting may take, and any command */
  constructor(connect: Connect, timeout: number) {
    this.#connect = connect
    this.#timeout = timeout
  }

  /** As {@link Session.send}. Rejects at once while it is known that nobody is there. */
  async send(args: string[], patience?: number): Promise<unknown> {
    return this.#open().send(args, patience)
  }

  /** Gives the connection up, and all that waits for an answer. The next command opens another. */
  drop(reason: Error): void {
    this.#session?.lose(reason)
  }

  close(): void {
    this.#closed = true
    this.drop(new Error('The log is closed.'))
  }

  #open(): Session {
    if (this.#closed) throw new Error('The log is closed.')
    if (this.#session !== undefined) return this.#session
    // Every publish would knock at the door of a server that is not there.
    if (this.#failed !== undefined && performance.now() < this.#failed.until) throw this.#failed.error
    this.#session = new Session(this.#connect, this.#timeout, (error, opened) => {
      this.#session = undefined
      if (opened) this.#backoff.reset()
      this.#failed = opened ? undefined : { error, until: performance.now() + this.#backoff.next() }
    })
    return this.#session
  }
}
