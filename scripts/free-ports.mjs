import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * The first port. All are below those that systems give to outgoing connections, so a server that is stopped and
 * started again still finds its port free.
 */
const FIRST = 10_000
/** Each worker of Jest has ports of its own: otherwise two tests could pick a port before either of them listens there. */
const WORKERS = 10
const EACH = 2_000
const begin = FIRST + (Number(process.env.JEST_WORKER_ID ?? 0) % WORKERS) * EACH

let next = Math.floor(Math.random() * EACH)

/**
 * The first of `count` free ports in a row. This process does not get them again before it has had all others.
 *
 * @returns {Promise<number>}
 */
export async function freePorts(count = 1) {
  for (;;) {
    if (next + count > EACH) next = 0
    const first = begin + next
    next += count
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
