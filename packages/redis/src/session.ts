import type { Connect } from './connect.ts'
import type { RedisConnection } from './redis-client.ts'

/** Answers after which the server is of use as before; after the others another may be the master by now. */
const OF_USE = /^(?!READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|UNBLOCKED)[A-Z]+ /

/**
 * One connection, from its opening to its loss. It is given up when it does not answer: a peer that has vanished
 * without a word looks, for ever, like one that is slow.
 */
export class Session {
  readonly #connection: RedisConnection
  readonly #timeout: number
  readonly #onLost: (error: Error, opened: boolean) => void
  readonly #waiting = new Set<(error: Error) => void>()
  #opened = false
  #lost: Error | undefined

  /**
   * @param timeout - how many ms connecting may take, and any command
   * @param onLost - called once; `opened` says whether the connection has ever been of use
   */
  constructor(connect: Connect, timeout: number, onLost: (error: Error, opened: boolean) => void) {
    this.#timeout = timeout
    this.#onLost = onLost
    this.#connection = connect({ timeout, onLost: (error) => this.lose(error) })
    this.#connection.opened.then(
      () => {
        this.#opened = true
      },
      (error) => this.lose(error),
    )
  }

  /**
   * Commands are executed in the order of the calls. Rejects with the server's answer, or when the connection is lost.
   *
   * @param patience - how many ms longer than others this command may take
   */
  send(args: string[], patience = 0): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.lose(new Error(`Redis has not answered for ${this.#timeout + patience} ms.`))
      }, this.#timeout + patience).unref()
      const fail = (error: Error) => {
        clearTimeout(timer)
        this.#waiting.delete(fail)
        reject(error)
      }
      this.#waiting.add(fail)
      const answered = (answer: unknown) => {
        clearTimeout(timer)
        this.#waiting.delete(fail)
        resolve(answer)
      }
      const refused = (error: unknown) => {
        fail(asError(error))
        if (!OF_USE.test(asError(error).message)) this.lose(error)
      }
      // Once it is open too: a command that did not have to wait must not overtake one that did.
      this.#connection.opened.then(() => this.#send(args)).then(answered, refused)
    })
  }

  /** Gives the connection up, and all that waits for an answer. */
  lose(cause: unknown): void {
    if (this.#lost !== undefined) return
    this.#lost = asError(cause)
    this.#connection.close()
    for (const fail of this.#waiting) fail(this.#lost)
    this.#onLost(this.#lost, this.#opened)
  }

  #send(args: string[]): Promise<unknown> {
    return this.#lost === undefined ? this.#connection.send(args) : Promise.reject(this.#lost)
  }
}

function asError(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(String(cause ?? 'The connection to Redis was lost.'))
}
