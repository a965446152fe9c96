import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'

/** A request of `node:http`, `node:http2` or a framework on top of them. */
export type Request = IncomingMessage | Http2ServerRequest
/** The response to it. */
export type Response = ServerResponse | Http2ServerResponse

/** HTTP/2 has streams of its own; `res.socket` is then a proxy that throws at most calls. */
export function isHttp2(res: Response): res is Http2ServerResponse {
  return 'stream' in res
}

/** What carries a request: the session of HTTP/2, which its stream has forgotten once the response is finished. */
export type Connection = IncomingMessage['socket'] | Http2ServerRequest['stream']['session']

export function connectionOf(req: Request): Connection {
  return 'stream' in req ? req.stream.session : req.socket
}

/** Ends a connection once its responses are finished, instead of keeping it for the next request. */
export function endConnection(connection: Connection): void {
  if (connection === undefined) return
  if ('destroySoon' in connection) connection.destroySoon()
  else if ('goaway' in connection) connection.close()
}
