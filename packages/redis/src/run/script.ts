import { createHash } from 'node:crypto'
import type { GuardedConnection } from '../connection/guarded-connection.ts'

/** A Lua script. Its source is sent only to a server that does not have it yet. */
export class Script {
  readonly #source: string
  readonly #digest: string

  constructor(source: string) {
    this.#source = source
    this.#digest = createHash('sha1').update(source).digest('hex')
  }

  async run(
    connection: GuardedConnection,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<unknown> {
    const rest = [String(keys.length), ...keys, ...args]
    try {
      return await connection.send(['EVALSHA', this.#digest, ...rest])
    } catch (error) {
      if (!String(error).includes('NOSCRIPT')) throw error
      return connection.send(['EVAL', this.#source, ...rest])
    }
  }
}
