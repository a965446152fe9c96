import { once } from 'node:events'
import {
  type ClientHttp2Session,
  connect,
  createServer,
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2'
import type { AddressInfo } from 'node:net'

const servers: Http2Server[] = []
const sessions: { destroy(): void }[] = []

afterEach(async () => {
  for (const session of sessions.splice(0)) session.destroy()
  await Promise.all(
    servers.splice(0).map((server) => {
      if (!server.listening) return undefined
      const closed = once(server, 'close')
      server.close()
      return closed
    }),
  )
})

/** Starts an HTTP/2 server and connects to it; the end of the test closes both. */
export async function serveHttp2(
  listener: (req: Http2ServerRequest, res: Http2ServerResponse) => void,
): Promise<{ server: Http2Server; session: ClientHttp2Session }> {
  const server = createServer(listener)
  server.on('session', (session) => sessions.push(session))
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  session.on('error', () => {})
  sessions.push(session)
  return { server, session }
}
