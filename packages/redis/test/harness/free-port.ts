import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * A port that nobody listens on. It is below those that systems give to outgoing connections, so that it is still free
 * when a server that was stopped wants it back.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000)
    const server = createServer().listen(port, '127.0.0.1')
    const free = await once(server, 'listening').then(
      () => true,
      () => false,
    )
    if (!free) continue
    server.close()
    await once(server, 'close')
    return port
  }
}
