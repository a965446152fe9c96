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

/** Makes what ends the connection once its response is finished, instead of keeping it for the next request. */
export function connectionEnd(req: Request): () => void {
  if ('stream' in req) {
    // Once the response is finished, its stream has forgotten the session.
    const { session } = req.stream
    return () => session?.close()
  }
  return () => req.socket.destroySoon?.()
}
