import { SseError } from '../errors.ts'
import { type HeaderValue, responseHead } from '../wire/head.ts'
import { readLastEventId } from '../wire/last-event-id.ts'
import { watchDisconnect } from './disconnect.ts'
import type { EventStream } from './event-stream.ts'
import { type EventStreamOptions, type ResolvedOptions, resolveOptions } from './event-stream-options.ts'
import { isHttp2, leaveConnection, type Request, type Response } from './exchange.ts'
import { ResponseEventStream } from './response-event-stream.ts'

/** TCP probes an idle connection after this long; a comment written into a dead one is not noticed for minutes. */
const TCP_KEEP_ALIVE = 5_000
// On the response itself, because the ES module and the CommonJS copy of this file share nothing else. */
/** HTTP/2 has none of them; Node throws at the first when the head goes out. */
const CONNECTION_HEADERS = ['Connection', 'Keep-Alive', 'Proxy-Connection', 'Transfer-Encoding', 'Upgrade']
const OPENED = Symbol.for('@downstream/core/opened')

/**
 * Opens an event stream on a response of `node:http` or `node:http2`. The head and a first comment leave at once.
 *
 * When the client has left already the stream comes back closed. A HEAD request gets the head and a closed stream.
 *
 * @throws {@link SseError} ERR_SSE_HEADERS_SENT, ERR_SSE_ALREADY_OPEN, ERR_SSE_INVALID_OPTION
 */
export function openEventStream(req: Request, res: Response, options: EventStreamOptions = {}): EventStream {
  const prepared = prepareEventStream(req, res, resolveOptions(options))
  prepared.begin()
  return prepared.stream
}

/** The first half of {@link openEventStream}, for frameworks that let the head out later; what is sent meanwhile waits. */
export interface PreparedEventStream {
  readonly stream: ResponseEventStream
  /** The headers of the stream, given those that the app has set so far. */
  head(current: (name: string) => HeaderValue | undefined): [name: string, value: HeaderValue][]
  /** Writes the head to the response, then what waits. */
  begin(): void
}

/** @throws {@link SseError} ERR_SSE_HEADERS_SENT, ERR_SSE_ALREADY_OPEN */
export function prepareEventStream(
  req: Request,
  res: Response,
  options: ResolvedOptions,
): PreparedEventStream {
  const marked = res as Response & { [OPENED]?: true }
  if (marked[OPENED]) {
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
  marked[OPENED] = true
  const url = 'originalUrl' in req ? String(req.originalUrl) : req.url
  const lastEventId = readLastEventId(req.headers['last-event-id'], url, options.lastEventIdParameter)
  const stream = new ResponseEventStream(lastEventId, options)
  // Node emits 'error' when other code writes after the end, and nobody else may be listening.
  res.on('error', (cause) => stream.onWriteFailed(cause))
  watchDisconnect(req, res, () => stream.onGone())
  // Nothing of the body is wanted, so nothing that would make one may start.
  if (req.method === 'HEAD') stream.close()
  const head: PreparedEventStream['head'] = (current) => responseHead(current, options.headers)
  return { stream, head, begin: () => begin(req, res, stream, head) }
}

function begin(
  req: Request,
  res: Response,
  stream: ResponseEventStream,
  head: PreparedEventStream['head'],
): void {
  if (stream.gone) return
  for (const [name, value] of head((name) => res.getHeader(name))) res.setHeader(name, value)
  res.removeHeader('Content-Length')
  if (isHttp2(res)) for (const name of CONNECTION_HEADERS) res.removeHeader(name)
  else holdConnection(req, res, stream)
  try {
    res.writeHead(200)
  } catch (cause) {
    stream.onWriteFailed(cause)
    throw cause
  }
  if (req.method === 'HEAD') res.end()
  else stream.begin(res)
}

function holdConnection(req: Request, res: Response, stream: ResponseEventStream): void {
  const { socket } = req
  // The server's idle timeout would end a quiet stream; Node sets it again for the next request.
  socket.setTimeout?.(0)
  socket.setKeepAlive?.(true, TCP_KEEP_ALIVE)
  if (req.httpVersion !== '1.1') return
  // Setting the header makes Node forget that the client asked for "Connection: close".
  if ('shouldKeepAlive' in res && !res.shouldKeepAlive) stream.whenGone(() => leaveConnection(req))
  res.setHeader('Connection', 'keep-alive')
}
