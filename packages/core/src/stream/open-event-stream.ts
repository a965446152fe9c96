import { EventEmitter } from 'node:events'
import { SseError } from '../errors.ts'
import { checkRuntime } from '../process/runtime-floor.ts'
import { describe } from '../wire/describe.ts'
import { type HeaderValue, responseHead } from '../wire/head.ts'
import { readLastEventId } from '../wire/last-event-id.ts'
import { readWait } from '../wire/wait.ts'
import { chooseCoder } from './compression/response-coder.ts'
import { hasDisconnected, watchPipelined } from './disconnect.ts'
import type { EventStream } from './event-stream.ts'
import { type EventStreamOptions, type ResolvedOptions, resolveOptions } from './event-stream-options.ts'
import {
  breakOff,
  connectionOf,
  holdConnection,
  isHttp2,
  type Request,
  type Response,
  type Target,
  writeHead,
} from './exchange.ts'
import type { Refusal } from './refusal.ts'
import { ResponseEventStream } from './response-event-stream.ts'
import { ResponsePort } from './response-port.ts'
import { publishOpen, type StreamSummary, summaryWhenFinished } from './stream-diagnostics.ts'
import { COMPLETE } from './stream-port.ts'

/**
 * The key of a response's port. It is stored on the response, because the ES module and the CommonJS copy of this file
 * share nothing else.
 */
const OPENED: unique symbol = Symbol.for('@downstream/core/opened')
type Marked = Response & { [OPENED]?: ResponsePort }

/**
 * Opens an event stream on a response of `node:http` or `node:http2`. The headers and a first comment are sent at once.
 *
 * If the client has already disconnected, the returned stream is closed. For a HEAD request, the headers are sent and
 * the returned stream is closed.
 *
 * @throws {@link SseError} ERR_SSE_HEADERS_SENT, ERR_SSE_ALREADY_OPEN, ERR_SSE_INVALID_OPTION
 */
export function openEventStream(req: Request, res: Response, options?: EventStreamOptions): EventStream {
  if (typeof (res as Partial<Response> | undefined)?.writeHead !== 'function') {
    throw new SseError(
      'ERR_SSE_INVALID_OPTION',
      `openEventStream(req, res, options?) takes the request and response of node:http or node:http2; got ${describe(res)} as the response.`,
    )
  }
  const prepared = new Preparation(req, res, resolveOptions(options))
  prepared.begin()
  return prepared.stream
}

/** A stream whose headers are not sent yet. Events that are sent meanwhile are buffered. */
export interface PreparedEventStream {
  readonly stream: EventStream
  /** 200, or another status if the stream is refused. */
  readonly status: number
  /** The headers of the stream, based on those that the app has set so far. */
  head(current: (name: string) => HeaderValue | undefined): [name: string, value: HeaderValue][]
  /** Writes the headers to the response, then everything that is buffered. */
  begin(): void
  /**
   * Writes everything that is buffered to a target that the framework sends in its own way, together with the headers.
   */
  beginOn(target: Target): void
  /**
   * Calls `listener` once, when the response has finished or its client has disconnected; never if that has already
   * happened.
   */
  whenFinished(listener: (summary: StreamSummary) => void): void
  /** Gives the response back to the framework, which answers with something else because of `error`. */
  abandon(error: unknown): void
}

/**
 * Turns a response into a stream. A class rather than closures: each open stream would keep its own copy of every
 * closure.
 */
export class Preparation implements PreparedEventStream {
  readonly stream: EventStream
  readonly port: ResponsePort
  readonly #req: Request
  readonly #res: Response
  /** Chosen when the headers are first read. Later the framework may have set them, ours included. */
  #coding: ReturnType<typeof chooseCoder> | 'undecided' = 'undecided'
  readonly #refusal: Refusal | undefined

  /** @throws {@link SseError} ERR_SSE_HEADERS_SENT, ERR_SSE_ALREADY_OPEN */
  constructor(req: Request, res: Marked, options: ResolvedOptions, refusal?: Refusal) {
    checkRuntime()
    if (res[OPENED] !== undefined) {
      throw new SseError(
        'ERR_SSE_ALREADY_OPEN',
        'This response is already an event stream. Keep the stream that the first call returned.',
      )
    }
    if (res.headersSent) {
      throw new SseError(
        'ERR_SSE_HEADERS_SENT',
        'The headers of this response were sent before the stream was opened. Open it before other code writes to the response.',
      )
    }
    const url = 'originalUrl' in req ? String(req.originalUrl) : req.url
    const lastEventId = readLastEventId(req.headers['last-event-id'], url, options.lastEventIdParameter)
    const wait = readWait(req.headers.prefer, url, options.waitParameter)
    this.#req = req
    this.#res = res
    this.#refusal = refusal
    // Only then a copy: all other streams share one object.
    const own = refusal === undefined ? options : { ...options, retry: refusal.retry }
    this.port = new ResponsePort(lastEventId, own, connectionOf(req), wait)
    this.stream = new ResponseEventStream(this.port)
    listen(req, res, this.port)
    // No body will be sent, so no code that would produce one may start.
    if (refusal !== undefined) this.port.end('ERR_SSE_REFUSED', refusal.status === 200 ? undefined : COMPLETE)
    else if (req.method === 'HEAD') this.port.end('ERR_SSE_CLOSED', COMPLETE)
  }

  get status(): number {
    return this.#refusal?.status ?? 200
  }

  head(current: (name: string) => HeaderValue | undefined): [name: string, value: HeaderValue][] {
    const { compression } = this.port.options
    const { wait } = this.port
    const applied = wait === undefined ? [] : [['Preference-Applied', `wait=${wait}`] as const]
    const headers = [...this.port.options.headers, ...applied]
    if (this.#refusal !== undefined) return this.#refusal.head(responseHead(current, headers))
    if (compression === false) return responseHead(current, headers)
    if (this.#coding === 'undecided') {
      const isCoded = (current('content-encoding') ?? 'identity') !== 'identity'
      const accepted = this.#req.headers['accept-encoding']
      this.#coding = isCoded ? undefined : chooseCoder(accepted, compression)
    }
    return responseHead(current, headers, { coding: this.#coding?.name })
  }

  begin(): void {
    const res = this.#res
    const { port } = this
    if (port.finished) return
    try {
      writeHead(
        res,
        this.head((name) => res.getHeader(name)),
        port.options.headers.length === 0,
        this.status,
      )
    } catch (cause) {
      port.onWriteFailed(cause)
      throw cause
    }
    if (this.#req.method === 'HEAD') res.end()
    else this.beginOn(res)
  }

  beginOn(target: Target): void {
    const { port } = this
    const release = holdConnection(connectionOf(this.#req), port.options.tcpKeepAlive)
    if (release !== undefined) port.whenFinished(release)
    const coder = this.#coding === 'undecided' ? undefined : this.#coding?.coder
    port.begin(target, coder, this.#refusal?.text)
    if (port.reason === undefined)
      publishOpen({ stream: this.stream, request: this.#req, response: this.#res }, port)
  }

  whenFinished(listener: (summary: StreamSummary) => void): void {
    if (this.port.reason === undefined) summaryWhenFinished(this.port, listener)
  }

  abandon(error: unknown): void {
    this.port.onWriteFailed(error)
  }
}

/**
 * Attaches `port` to the events of its response. Only the response shows a disconnect: a request emits 'close' as soon
 * as its body is parsed, and no 'aborted' after that.
 *
 * All responses share the listeners. They are added with EventEmitter's own method, because some middleware replaces
 * `res.on`, and moves listeners to its compressor or ties them to the request that added them last.
 */
function listen(req: Request, res: Marked, port: ResponsePort): void {
  const { on } = EventEmitter.prototype
  res[OPENED] = port
  on.call(res, 'error', onError)
  if (hasDisconnected(req, res)) {
    port.onResponseClose()
    return
  }
  on.call(res, 'close', onClose)
  interceptEnd(res)
  if (!isHttp2(res) && res.socket === null)
    port.whenFinished(watchPipelined(req, () => port.onResponseClose()))
}

/** Node emits 'error' when other code writes after the end, and there may be no other listener. */
function onError(this: Marked, cause: unknown): void {
  // In a test, inject({ signal }) aborts like a client that disconnects.
  if ((cause as { code?: unknown } | undefined)?.code === 'ABORT_ERR') this[OPENED]?.onResponseClose()
  else this[OPENED]?.onWriteFailed(cause)
}

function onClose(this: Marked): void {
  this[OPENED]?.onResponseClose()
}

/** Replaces `end`, so that buffered events are sent first when other code ends the response in the same tick. */
function interceptEnd(res: Marked): void {
  // A response without an own `end` calls that of its class, which may be patched later, so it is looked up on each
  // call. An own `end` is wrapped.
  if (!Object.hasOwn(res, 'end')) res.end = end as typeof res.end
  else {
    const wrapped = res.end
    res.end = function (this: Marked, ...args: unknown[]) {
      if (isCutInstead(this)) return this
      return Reflect.apply(wrapped, this, args)
    } as typeof res.end
  }
}

function end(this: Marked, ...args: unknown[]): unknown {
  if (isCutInstead(this)) return this
  let owner: Response = this
  // There is more than one step if other code derived an object from the response.
  do owner = Object.getPrototypeOf(owner)
  while (owner.end === end)
  return Reflect.apply(owner.end, this, args)
}

/**
 * Cuts the connection for an abrupt end. The response itself is ended when it has closed, because middleware saves
 * sessions or writes logs at its end.
 */
function isCutInstead(res: Marked): boolean {
  const port = res[OPENED]
  port?.onEnd()
  return port?.endsAbruptly === true && breakOff(res, port.lastBytes)
}
