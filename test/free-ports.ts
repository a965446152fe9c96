import { once } from 'node:events'
import { createServer } from 'node:net'

/** The first of so many in a row. They are not among those that the system gives to outgoing connections. */
export async function freePorts(count = 1): Promise<number> {
  for (;;) {
    const first = 20_000 + Math.floor(Math.random() * 10_000)
    const servers = portsFrom(first, count).map((port) => createServer().listen(port))
    const tried = await Promise.allSettled(servers.map((server) => once(server, 'listening')))
    await Promise.allSettled(servers.map((server) => once(server.close(), 'close')))
    if (tried.every(({ status }) => status === 'fulfilled')) return first
  }
}

export function portsFrom(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index)
}
