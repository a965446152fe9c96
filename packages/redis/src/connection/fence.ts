import type { Send } from './session.ts'

/**
 * Prevents commands of a lost connection from being executed after those of the next one. The network or a server that
 * hangs may still hold them: a publish that was rejected would be stored after newer ones. So the server closes the old
 * connection before the first command on the new one.
 *
 * Needs Redis 6.2 and the permission for CLIENT INFO and CLIENT KILL. Without them, only the socket is reset, which
 * node-redis does not permit.
 */
export class Fence {
  #previous: string[] | undefined

  /** Call it in the greeting of every new connection. */
  async greet(send: Send): Promise<void> {
    // Compare the address too: after a failover, another client may have the same id.
    if (this.#previous !== undefined) await send(['CLIENT', 'KILL', ...this.#previous]).catch(() => {})
    const info = await send(['CLIENT', 'INFO']).catch(() => '')
    const [, id] = /\bid=(\d+)/.exec(String(info)) ?? []
    const [, address] = /\baddr=(\S+)/.exec(String(info)) ?? []
    this.#previous = id === undefined || address === undefined ? undefined : ['ID', id, 'ADDR', address]
  }
}
