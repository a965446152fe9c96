import { SseError } from '../errors.ts'
import { readLastEventId } from '../wire/last-event-id.ts'
import { watchDisconnect } from './disconnect.ts'
import type { EventStream } from './event-stream.ts'
import { type EventStreamOptions, type ResolvedOptions, resolveOptions } from './event-stream-options.ts'
import { connectionOf, type Request, type Response } from './exchange.ts'
import { Preparation, type PreparedResponse } from './prepared-event-stream.ts'
import { ResponseEventStream } from './response-event-stream.ts'

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
  res.on('prefinish', onEnd)
  watchDisconnect(req, res, stream)
  // Nothing of the body is wanted, so nothing that would make one may start.
  if (req.method === 'HEAD') stream.close()
  return new Preparation(req, res, stream, options)
}

/** Node emits it when other code writes after the end, and nobody else may be listening. One for all responses. */
function onError(this: Marked, cause: unknown): void {
  this[OPENED]?.onWriteFailed(cause)
}

/** Node emits 'prefinish' within `end()`, whoever calls it; 'finish' comes when the last byte has left. */
function onEnd(this: Marked): void {
  this[OPENED]?.onResponseEnd()
}
