import { Backoff } from './backoff.ts'
import type { Connect } from './connect.ts'
import { type Greet, Session } from './session.ts'

/**
 * A connection that is opened at the first command, and opened again after it was lost. Commands are executed in the
 * order of the calls and never sent twice.
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
   * @param timeout - how many ms connecting, and each command, may take
   * @param greet - the first exchange on every new connection
   */
  constructor(connect: Connect, timeout: number, greet?: Greet) {
    this.#connect = connect
    this.#timeout = timeout
    this.#greet = greet
  }

  /** Why the last session failed; undefined while a session works, and before the first one. */
  get trouble(): Error | undefined {
    return this.#failed?.error
  }

  /** Number of the session of the last command. All that one session confirms is on one server. */
  get session(): number {
    return this.#sessions
  }

  /** Sends a command like {@link Session.send}. For a while after a session has failed, it rejects at once. */
  async send(args: string[], extraTime?: number): Promise<unknown> {
    const session = this.#open()
    try {
      return await session.send(args, extraTime)
    } finally {
      // Any answer shows that the session works, unless it is given up because of that answer.
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

  /** Like {@link drop}, for a connection that turned out to be unusable: the next one is opened after a while. */
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
    // Otherwise every publish would open a connection to a server that cannot be reached, or that refuses it.
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
