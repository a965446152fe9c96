import type { Connect } from './connect.ts'
import type { RedisConnection } from './redis-client.ts'

/** Answers after which another server may be the master, so that this connection is unusable. */
const UNUSABLE = /^(READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|UNBLOCKED) /
/** Matches an error that the server sent. Those of the client and the socket have no code in capitals. */
const ANSWER = /^[A-Z]+ /

/** Sends one command and resolves with its answer. */
export type Send = (args: string[]) => Promise<unknown>

/** The first exchange on every connection, before any other command. If it rejects, the connection is given up. */
export type Greet = (send: Send) => Promise<void>

/** Options of a session. */
export interface SessionOptions {
  readonly connect: Connect
  /** How many ms connecting, and each command, may take. */
  readonly timeout: number
  readonly greet?: Greet | undefined
  /** Called once. `failed`: the connection was never usable, or the server refused it. */
  readonly onLost: (error: Error, failed: boolean) => void
}

/**
 * One connection, from its opening to its loss. It is given up if it does not answer in time: otherwise a half-open
 * connection would look like a slow one forever. From then on nothing is sent on it, and pending commands reject.
 */
export class Session {
  readonly #connection: RedisConnection
  readonly #timeout: number
  readonly #onLost: (error: Error, failed: boolean) => void
  readonly #ready: Promise<void>
  readonly #pending = new Set<(error: Error) => void>()
  #opened = false
  #lost: Error | undefined

  constructor({ connect, timeout, greet, onLost }: SessionOptions) {
    this.#timeout = timeout
    this.#onLost = onLost
    this.#connection = connect({ timeout, onLost: (error) => this.lose(error) })
    const opened = Promise.resolve(this.#connection.opened)
    this.#ready = opened.then(() => greet?.((args) => this.#exchange(args, opened, 0)))
    this.#ready.then(
      () => {
        this.#opened = true
      },
      (error) => this.lose(error),
    )
  }

  /**
   * Sends a command, after the greeting and in the order of the calls. Rejects with the server's error, or when the
   * connection is lost: then it is unknown whether the command was executed.
   *
   * @param extraTime - how many ms longer than others this command may take
   */
  send(args: string[], extraTime = 0): Promise<unknown> {
    return this.#exchange(args, this.#ready, extraTime)
  }

  /** Gives the connection up, and rejects all pending commands. */
  lose(cause: unknown, failed: boolean = !this.#opened): void {
    if (this.#lost !== undefined) return
    this.#lost = asError(cause)
    this.#connection.close()
    for (const fail of this.#pending) fail(this.#lost)
    this.#onLost(this.#lost, failed)
  }

  #exchange(args: string[], ready: Promise<unknown>, extraTime: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.lose(new TimeoutError(`Redis has not answered for ${this.#timeout + extraTime} ms.`))
      }, this.#timeout + extraTime).unref()
      const fail = (error: Error) => {
        clearTimeout(timer)
        this.#pending.delete(fail)
        reject(error)
      }
      this.#pending.add(fail)
      const answered = (answer: unknown) => {
        clearTimeout(timer)
        this.#pending.delete(fail)
        resolve(answer)
      }
      const refused = (cause: unknown) => {
        const error = asError(cause)
        fail(error)
        const { message } = error
        if (UNUSABLE.test(message)) this.lose(error, true)
        else if (!ANSWER.test(message)) this.lose(error)
      }
      ready.then(() => this.#send(args)).then(answered, refused)
    })
  }

  #send(args: string[]): Promise<unknown> {
    return this.#lost === undefined ? this.#connection.send(args) : Promise.reject(this.#lost)
  }
}

/** Redis did not answer in time. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError'
}

function asError(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(String(cause ?? 'The connection to Redis was lost.'))
}
