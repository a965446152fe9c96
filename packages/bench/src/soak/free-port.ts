import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * A port on which no process listens. It is below those that systems use for outgoing connections, of which a soak has
 * thousands: a restarted server needs it again.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000)
    const server = createServer().listen(port, '127.0.0.1')
    const [isFree] = await Promise.allSettled([once(server, 'listening')])
    if (isFree.status === 'rejected') continue
    server.close()
    await once(server, 'close')
    return port
  }
}
