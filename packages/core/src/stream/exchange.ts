import type { IncomingMessage, ServerResponse } from 'node:http'
import { constants, Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { clock } from '../process/clock.ts'
import { EMPTY_COMMENT } from '../wire/encode.ts'
import type { HeaderValue } from '../wire/head.ts'

/** A request of `node:http`, `node:http2` or a framework on top of them. */
export type Request = IncomingMessage | Http2ServerRequest
/** The response to it. */
export type Response = ServerResponse | Http2ServerResponse

/** By its class and not by its properties: an app may write `res.stream = res.sse()`. */
export function isHttp2(res: object): res is Http2ServerResponse {
  return res instanceof Http2ServerResponse
}

/** What carries a request: the session of HTTP/2, which its stream has forgotten once the response is finished. */
export type Connection = IncomingMessage['socket'] | Http2ServerRequest['stream']['session']

export function connectionOf(req: Request): Connection {
  return req instanceof Http2ServerRequest ? req.stream.session : req.socket
}

/** HTTP/2 has none of them; Node throws at the first one when it writes the headers. */
const CONNECTION_HEADERS = ['Connection', 'Keep-Alive', 'Proxy-Connection', 'Transfer-Encoding', 'Upgrade']

/** @param isPlain - the app has no headers of its own among them: each is there once */
export function writeHead(
  res: Response,
  headers: [name: string, value: HeaderValue][],
  isPlain: boolean,
  status: number,
): void {
  if (!isHttp2(res) && isPlain && res.getHeaderNames().length === 0) {
    // Of headers that are set Node keeps what getHeader() answers: half a kilobyte for each open stream.
    const fields: Record<string, string> = {}
    for (const [name, value] of headers) fields[name] = String(value)
    res.writeHead(status, fields)
  } else {
    for (const [name, value] of headers) res.setHeader(name, value)
    res.removeHeader('Content-Length')
    if (isHttp2(res)) for (const name of CONNECTION_HEADERS) res.removeHeader(name)
    res.writeHead(status)
  }
  // A compressor that delays the headers decides at the first write. It skips a response that has an encoding.
  if (!res.headersSent && !res.hasHeader('Content-Encoding')) res.setHeader('Content-Encoding', 'identity')
}

/** Of the connections whose idle timeout is off: what it was, and how many streams need it off. */
const held = new WeakMap<object, { timeout: number; streams: number }>()

/**
 * Keeps a quiet stream's connection open: switches the server's idle timeout off, and asks TCP to probe for a dead
 * peer. Returns what takes back the first; undefined where there was none.
 *
 * @param probeAfter - after how many ms of silence; Infinity: never
 */
export function holdConnection(connection: Connection, probeAfter: number): (() => void) | undefined {
  if (connection === undefined) return undefined
  if ('setKeepAlive' in connection && probeAfter < Number.POSITIVE_INFINITY) {
    connection.setKeepAlive(true, probeAfter)
  }
  // Sessions of HTTP/2 have it too, though their types do not know.
  const { timeout } = connection as { timeout?: number }
  const hold = held.get(connection) ?? { timeout, streams: 0 }
  if (!hold.timeout) return undefined
  held.set(connection, { timeout: hold.timeout, streams: hold.streams + 1 })
  connection.setTimeout(0)
  return () => releaseConnection(connection)
}

function releaseConnection(connection: NonNullable<Connection>): void {
  const hold = held.get(connection)
  if (hold === undefined || --hold.streams > 0) return
  held.delete(connection)
  // Node sets it for the time between two requests, but not where server.keepAliveTimeout is 0.
  if (!(connection as { timeout?: number }).timeout) connection.setTimeout(hold.timeout)
}

/** Ends a connection once its responses are finished: server.close() would wait for one that is kept. */
export function endConnection(connection: Connection): void {
  if (connection === undefined) return
  if ('destroySoon' in connection) connection.destroySoon()
  else if ('goaway' in connection) connection.close()
}

/** Cuts a response off. A stream of HTTP/2 that is merely destroyed holds its session while the client does not read. */
export function cut(target: { destroy(): unknown }): void {
  if (isHttp2(target)) target.stream.close(constants.NGHTTP2_CANCEL)
  else target.destroy()
}

/** Cuts a response off after what is buffered, without the end of its body. False: that has no end to leave out. */
export function breakOff(res: Response): boolean {
  if (isHttp2(res)) {
    const { stream } = res
    // A reset overtakes what is buffered, and only a write tells when that has left. Not an empty one: Node 20 then sends
    // uninitialized memory in the place of what is buffered.
    stream.write(EMPTY_COMMENT, () => stream.close(constants.NGHTTP2_INTERNAL_ERROR))
    return true
  }
  const { socket } = res
  if (socket === null || !res.chunkedEncoding) return false
  // From Node 26 on a response holds what is written to it until the end of the tick.
  clock.setImmediate(() => socket.destroySoon())
  return true
}
