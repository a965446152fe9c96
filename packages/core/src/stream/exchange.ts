import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { constants, Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { clock } from '../process/clock.ts'
import type { HeaderValue } from '../wire/head.ts'

/** A request of `node:http`, `node:http2` or a framework on top of them. */
export type Request = IncomingMessage | Http2ServerRequest
/** The response to a {@link Request}. */
export type Response = ServerResponse | Http2ServerResponse

/** The destination of the bytes: an HTTP/1 or HTTP/2 response, or a stream that other code reads. */
export interface Target extends EventEmitter {
  write(chunk: string | Buffer): boolean
  end(): unknown
  destroy(): unknown
  readonly writableLength: number
  readonly writableEnded: boolean
  /** HTTP/1 only. */
  readonly chunkedEncoding?: boolean
  /** HTTP only. */
  flushHeaders?: () => void
  /** Added by compression(). Versions before 1.6 ignore `no-transform`, and buffer events until it is called. */
  flush?: () => void
}

/** Checks the class and not the properties, because an app may write `res.stream = res.sse()`. */
export function isHttp2(res: object): res is Http2ServerResponse {
  return res instanceof Http2ServerResponse
}

/**
 * The connection of a request. For HTTP/2 it is the session, which the stream no longer knows once the response is
 * finished.
 */
export type Connection = IncomingMessage['socket'] | Http2ServerRequest['stream']['session']

export function connectionOf(req: Request): Connection {
  return req instanceof Http2ServerRequest ? req.stream.session : req.socket
}

/** Headers that HTTP/2 does not have. Node throws at the first of them when it writes the headers. */
const CONNECTION_HEADERS = ['Connection', 'Keep-Alive', 'Proxy-Connection', 'Transfer-Encoding', 'Upgrade']

/**
 * Sends the status and the headers of a stream.
 *
 * @param isPlain - no header is the app's own, so none of them occurs twice
 */
export function writeHead(
  res: Response,
  headers: [name: string, value: HeaderValue][],
  isPlain: boolean,
  status: number,
): void {
  if (!isHttp2(res) && isPlain && res.getHeaderNames().length === 0) {
    // For headers that are set, Node keeps the values for getHeader(): half a kilobyte for each open stream.
    const fields: Record<string, string> = {}
    for (const [name, value] of headers) fields[name] = String(value)
    res.writeHead(status, fields)
  } else {
    for (const [name, value] of headers) res.setHeader(name, value)
    res.removeHeader('Content-Length')
    if (isHttp2(res)) for (const name of CONNECTION_HEADERS) res.removeHeader(name)
    res.writeHead(status)
  }
  // Compression middleware that delays the headers decides at the first write. It skips a response that has an
  // encoding.
  if (!res.headersSent && !res.hasHeader('Content-Encoding')) res.setHeader('Content-Encoding', 'identity')
}

/** Connections whose idle timeout is off: the former timeout, and how many streams need it off. */
const held = new WeakMap<object, { timeout: number; streams: number }>()

/**
 * Keeps the connection of an idle stream open: turns off the server's idle timeout, and lets TCP probe for a dead peer.
 * Returns a function that restores the timeout; undefined if there was none.
 *
 * @param probeAfter - after how many ms without traffic; Infinity: never
 */
export function holdConnection(connection: Connection, probeAfter: number): (() => void) | undefined {
  if (connection === undefined) return undefined
  if ('setKeepAlive' in connection && probeAfter < Number.POSITIVE_INFINITY) {
    connection.setKeepAlive(true, probeAfter)
  }
  const hold = held.get(connection) ?? { timeout: timeoutOf(connection), streams: 0 }
  if (hold.timeout === 0) return undefined
  held.set(connection, hold)
  hold.streams++
  connection.setTimeout(0)
  return () => {
    if (--hold.streams > 0) return
    held.delete(connection)
    // Node sets the timeout between two requests, but not if server.keepAliveTimeout is 0.
    if (timeoutOf(connection) === 0) connection.setTimeout(hold.timeout)
  }
}

/** Sessions of HTTP/2 have a timeout too, although their types do not. */
function timeoutOf(connection: object): number {
  return (connection as { timeout?: number }).timeout ?? 0
}

/** Ends a connection once its responses are finished. Otherwise server.close() would wait for a kept connection. */
export function endConnection(connection: Connection): void {
  if (connection === undefined) return
  if ('destroySoon' in connection) connection.destroySoon()
  else if ('goaway' in connection) connection.close()
}

/**
 * Cuts a response off. An HTTP/2 stream that is only destroyed keeps its session open while the client does not read.
 */
export function cut(target: { destroy(): unknown }): void {
  if (isHttp2(target)) target.stream.close(constants.NGHTTP2_CANCEL)
  else target.destroy()
}

/** Whether {@link breakOff} writes something, because the callback of a write shows that the data has left. */
export function cutsAfterWrite(res: object & { useChunkedEncodingByDefault?: boolean }): boolean {
  return isHttp2(res) || (process.versions.bun !== undefined && res.useChunkedEncodingByDefault === true)
}

/**
 * Cuts a response off after the buffered data, without the end of its body. Returns false for a body that has no end to
 * leave out (HTTP/1.0).
 *
 * @param last - is written if {@link cutsAfterWrite}; not empty
 */
export function breakOff(res: Response, last: string | Buffer): boolean {
  if (isHttp2(res)) {
    const { stream } = res
    // A reset overtakes buffered data, and only the callback of a write shows when that data has left. The write must
    // not be empty: Node 20 would send uninitialized memory instead of the buffered data.
    stream.write(last, () => stream.close(constants.NGHTTP2_INTERNAL_ERROR))
    return true
  }
  const { socket } = res
  if (socket === null) return false
  if (cutsAfterWrite(res)) {
    // Bun never sets chunkedEncoding, and its destroySoon() drops buffered data.
    res.write(last, () => socket.destroy())
    return true
  }
  if (!res.chunkedEncoding) return false
  // Since Node 26 a response buffers writes until the end of the tick.
  clock.setImmediate(() => socket.destroySoon())
  return true
}
