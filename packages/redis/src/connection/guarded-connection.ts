import { Backoff } from './backoff.ts'
import type { Connect } from './connect.ts'
import { type Greet, Session } from './session.ts'

/**
 * A connection for occasional commands: opened at the first one, and again after it was lost. Commands
 * are executed in the order of the calls and never sent twice.
 */
export class GuardedConnection {
  readonly #connect: Connect
  readonly #timeout: number
  readonly #greet: Greet | undefined
  readonly #backoff = new Backoff()
  #session: Session | undefined
  /** Why the last session failed, and until when no other is opened. */
  #failed: { error: Error; until: number } | undefined
  #closed = false
  #sessions = 0

  /**
   * @param timeout - how many ms connecting may take, and any command
   * @param greet - the first exchange on every new connection
   */
  constructor(connect: Connect, timeout: number, greet?: Greet) {
    this.#connect = connect
    this.#timeout = timeout
    this.#greet = greet
  }

  /** Why the last session failed; undefined while one is of use, and before the first. */
  get trouble(): Error | undefined {
    return this.#failed?.error
  }

  /** Number of the session that the last command was sent in: what one session confirms, one server has. */
  get session(): number {
    return this.#sessions
  }

  /** As {@link Session.send}. Rejects at once for a while after a session has failed. */
  async send(args: string[], patience?: number): Promise<unknown> {
    const session = this.#open()
    try {
      return await session.send(args, patience)
    } finally {
      // Any answer shows that it is of use, unless it is given up for that answer.
      if (this.#session === session) {
        this.#failed = undefined
        this.#backoff.reset()
      }
    }
  }

  /** Gives the connection up and rejects all pending commands. The next command opens another. */
  drop(reason: Error): void {
    this.#session?.lose(reason)
  }

  /** As {@link drop}, for a connection that turned out to be of no use: the next is opened after a while. */
  fail(reason: Error): void {
    this.#session?.lose(reason, true)
  }

  close(): void {
    this.#closed = true
    this.drop(new Error('The connection is closed.'))
  }

  #open(): Session {
    if (this.#closed) throw new Error('The connection is closed.')
    if (this.#session !== undefined) return this.#session
    // Otherwise every publish would open a connection to a server that is down, or that refuses each of them.
    if (this.#failed !== undefined && performance.now() < this.#failed.until) throw this.#failed.error
    this.#sessions++
    this.#session = new Session({
      connect: this.#connect,
      timeout: this.#timeout,
      greet: this.#greet,
      onLost: (error, failed) => {
        this.#session = undefined
        if (failed) this.#failed = { error, until: performance.now() + this.#backoff.next() }
      },
    })
    return this.#session
  }
}
