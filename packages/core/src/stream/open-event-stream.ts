import { SseError } from '../errors.ts'
import { type HeaderValue, responseHead } from '../wire/head.ts'
import { readLastEventId } from '../wire/last-event-id.ts'
import { watchDisconnect } from './disconnect.ts'
import type { EventStream } from './event-stream.ts'
import { type EventStreamOptions, type ResolvedOptions, resolveOptions } from './event-stream-options.ts'
import { connectionOf, endConnection, isHttp2, type Request, type Response } from './exchange.ts'
import { ResponseEventStream } from './response-event-stream.ts'
import type { Target } from './writer.ts'

/** HTTP/2 has none of them; Node throws at the first when the head goes out. */
const CONNECTION_HEADERS = ['Connection', 'Keep-Alive', 'Proxy-Connection', 'Transfer-Encoding', 'Upgrade']
/** On the response itself, because the ES module and the CommonJS copy of this file share nothing else. */
const OPENED = Symbol.for('@downstream/core/opened')
type Marked = Response & { [OPENED]?: ResponseEventStream }

/**
 * Opens an event stream on a response of `node:http` or `node:http2`. The head and a first comment leave at once.
 *
 * When the client has left already the stream comes back closed. A HEAD request gets the head and a closed stream.
 *
 * @throws {@link SseError} ERR_SSE_HEADERS_SENT, ERR_SSE_ALREADY_OPEN, ERR_SSE_INVALID_OPTION
 */
export function openEventStream(req: Request, res: Response, options?: EventStreamOptions): EventStream {
  const prepared = prepareEventStream(req, res, resolveOptions(options))
  prepared.begin()
  return prepared.stream
}

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

/**
 * The first half of {@link openEventStream}, for frameworks that let the head out later.
 *
 * @throws {@link SseError} ERR_SSE_HEADERS_SENT, ERR_SSE_ALREADY_OPEN
 */
export function prepareEventStream(req: Request, res: Response, options: ResolvedOptions): PreparedResponse {
  const marked: Marked = res
  if (marked[OPENED] !== undefined) {
    throw new SseError(
      'ERR_SSE_ALREADY_OPEN',
      'This response is an event stream already: open it once and keep it.',
    )
  }
  if (res.headersSent) {
    throw new SseError(
      'ERR_SSE_HEADERS_SENT',
      'The head of this response has been sent: open the stream before that.',
    )
  }
  const url = 'originalUrl' in req ? String(req.originalUrl) : req.url
  const lastEventId = readLastEventId(req.headers['last-event-id'], url, options.lastEventIdParameter)
  const stream = new ResponseEventStream(lastEventId, options, connectionOf(req))
  marked[OPENED] = stream
  res.on('error', onError)
  watchDisconnect(req, res, stream)
  // Nothing of the body is wanted, so nothing that would make one may start.
  if (req.method === 'HEAD') stream.close()
  const head: PreparedEventStream['head'] = (current) => responseHead(current, options.headers)
  return {
    stream,
    head,
    begin() {
      if (stream.gone) return
      const headers = head((name) => res.getHeader(name))
      if (!isHttp2(res) && holdConnection(req, res, stream, options.keepAlive)) {
        headers.push(['Connection', 'keep-alive'])
      }
      try {
        writeHead(res, headers, Object.keys(options.headers).length === 0)
      } catch (cause) {
        stream.onWriteFailed(cause)
        throw cause
      }
      if (req.method === 'HEAD') res.end()
      else stream.begin(res)
    },
    beginOn: (target) => stream.begin(target),
    fail: (error) => stream.end('ERR_SSE_SOURCE_FAILED', '', error),
    abandon: (error) => stream.onWriteFailed(error),
  }
}

/** Node emits it when other code writes after the end, and nobody else may be listening. One for all responses. */
function onError(this: Marked, cause: unknown): void {
  this[OPENED]?.onWriteFailed(cause)
}

/** @param isPlain - the headers are nobody's but ours: each is there once */
function writeHead(res: Response, headers: [name: string, value: HeaderValue][], isPlain: boolean): void {
  if (!isHttp2(res) && isPlain && res.getHeaderNames().length === 0) {
    // Of headers that are set Node keeps what getHeader() answers: half a kilobyte for each open stream.
    res.writeHead(200, Object.fromEntries(headers.map(([name, value]) => [name, String(value)])))
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
