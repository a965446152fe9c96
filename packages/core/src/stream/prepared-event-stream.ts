import { type HeaderValue, responseHead } from '../wire/head.ts'
import type { EventStream } from './event-stream.ts'
import type { ResolvedOptions } from './event-stream-options.ts'
import { connectionOf, endConnection, isHttp2, type Request, type Response } from './exchange.ts'
import type { ResponseEventStream } from './response-event-stream.ts'
import type { Target } from './writer.ts'

/** HTTP/2 has none of them; Node throws at the first when the head goes out. */
const CONNECTION_HEADERS = ['Connection', 'Keep-Alive', 'Proxy-Connection', 'Transfer-Encoding', 'Upgrade']

/** A stream whose head is not out yet; what is sent meanwhile waits. */
export interface PreparedEventStream {
  readonly stream: EventStream
  /** The headers of the stream, given those that the app has set so far. */
  head(current: (name: string) => HeaderValue | undefined): [name: string, value: HeaderValue][]
  /** Writes the head to the response, then what waits. */
  begin(): void
  /** Writes what waits to something that the framework sends, head and all, in its own way. */
  beginOn(target: Target): void
  /** Ends the stream, because the app failed with `error`. */
  fail(error: unknown): void
  /** Gives the response back to the framework, which has something else to say: `error`. */
  abandon(error: unknown): void
}

/** The same for those inside this package. */
export interface PreparedResponse extends PreparedEventStream {
  readonly stream: ResponseEventStream
}

/** What lets the stream of an HTTP response begin. A class, since what is closed over is held once for each open stream. */
export class Preparation implements PreparedResponse {
  readonly stream: ResponseEventStream
  readonly #req: Request
  readonly #res: Response
  readonly #options: ResolvedOptions

  constructor(req: Request, res: Response, stream: ResponseEventStream, options: ResolvedOptions) {
    this.stream = stream
    this.#req = req
    this.#res = res
    this.#options = options
  }

  head(current: (name: string) => HeaderValue | undefined): [name: string, value: HeaderValue][] {
    return responseHead(current, this.#options.headers)
  }

  begin(): void {
    const { stream } = this
    const req = this.#req
    const res = this.#res
    const { headers: extra, keepAlive } = this.#options
    if (stream.gone) return
    const headers = this.head((name) => res.getHeader(name))
    if (!isHttp2(res) && holdConnection(req, res, stream, keepAlive)) {
      headers.push(['Connection', 'keep-alive'])
    }
    try {
      writeHead(res, headers, Object.keys(extra).length === 0)
    } catch (cause) {
      stream.onWriteFailed(cause)
      throw cause
    }
    if (req.method === 'HEAD') res.end()
    else stream.begin(res)
  }

  beginOn(target: Target): void {
    this.stream.begin(target)
  }

  fail(error: unknown): void {
    this.stream.end('ERR_SSE_SOURCE_FAILED', '', error)
  }

  abandon(error: unknown): void {
    this.stream.onWriteFailed(error)
  }
}

/** @param isPlain - the headers are nobody's but ours: each is there once */
function writeHead(res: Response, headers: [name: string, value: HeaderValue][], isPlain: boolean): void {
  if (!isHttp2(res) && isPlain && res.getHeaderNames().length === 0) {
    // Of headers that are set Node keeps what getHeader() answers: half a kilobyte for each open stream.
    const fields: Record<string, string> = {}
    for (const [name, value] of headers) fields[name] = String(value)
    res.writeHead(200, fields)
    return
  }
  for (const [name, value] of headers) res.setHeader(name, value)
  res.removeHeader('Content-Length')
  if (isHttp2(res)) for (const name of CONNECTION_HEADERS) res.removeHeader(name)
  res.writeHead(200)
}

/** Returns whether the client is to be told that its connection is kept. */
function holdConnection(
  req: Request,
  res: Response,
  stream: ResponseEventStream,
  keepAlive: number,
): boolean {
  const { socket } = req
  // The server's idle timeout would end a quiet stream; Node sets it again for the next request.
  socket.setTimeout?.(0)
  const probeAfter = tcpKeepAlive(keepAlive)
  if (probeAfter > 0) socket.setKeepAlive?.(true, probeAfter)
  if (req.httpVersion !== '1.1') return false
  // Setting the header makes Node forget that the client asked for "Connection: close".
  if ('shouldKeepAlive' in res && !res.shouldKeepAlive)
    stream.whenGone(() => endConnection(connectionOf(req)))
  return true
}

/**
 * After how many ms of silence TCP is to ask whether the peer is still there; 0: never.
 *
 * A comment written to a peer that is gone without a word is not noticed for a quarter of an hour, and while it is
 * unacknowledged TCP does not ask. So its ten questions, one a second, have to fit in before the next comment.
 */
function tcpKeepAlive(keepAlive: number): number {
  const earliestComment = (keepAlive * 7) / 8
  return Math.max(0, Math.min(earliestComment - 11_000, 60_000))
}
