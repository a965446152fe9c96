import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * The first of `count` free ports in a row. They are below the ports that systems give to outgoing connections, so a
 * server that is stopped and started again still finds its port free.
 *
 * @returns {Promise<number>}
 */
export async function freePorts(count = 1) {
  for (;;) {
    const first = 10_000 + Math.floor(Math.random() * 20_000)
    const servers = portsFrom(first, count).map((port) => createServer().listen(port))
    const tried = await Promise.allSettled(servers.map((server) => once(server, 'listening')))
    await Promise.allSettled(servers.map((server) => once(server.close(), 'close')))
    if (tried.every(({ status }) => status === 'fulfilled')) return first
  }
}

/** @param {number} first @param {number} count */
export function portsFrom(first, count) {
  return Array.from({ length: count }, (_, index) => first + index)
}
