import { EventEmitter } from 'node:events'
import { SseError } from '../errors.ts'
import { checkRuntime } from '../process/runtime-floor.ts'
import { describe } from '../wire/describe.ts'
import { type HeaderValue, responseHead } from '../wire/head.ts'
import { readLastEventId } from '../wire/last-event-id.ts'
import { readWait } from '../wire/wait.ts'
import { chooseCoder } from './compression/response-coder.ts'
import { isGone, watchPipelined } from './disconnect.ts'
import type { EventStream } from './event-stream.ts'
import { type EventStreamOptions, type ResolvedOptions, resolveOptions } from './event-stream-options.ts'
import {
  breakOff,
  connectionOf,
  holdConnection,
  isHttp2,
  type Request,
  type Response,
  writeHead,
} from './exchange.ts'
import type { Refusal } from './refusal.ts'
import { ResponseEventStream } from './response-event-stream.ts'
import { ResponsePort } from './response-port.ts'
import { type StreamSummary, summaryWhenFinished, tellOpen } from './stream-diagnostics.ts'
import { COMPLETE } from './stream-port.ts'
import type { Target } from './writer.ts'

/** On the response itself, because the ES module and the CommonJS copy of this file share nothing else. */
const OPENED: unique symbol = Symbol.for('@downstream/core/opened')
type Marked = Response & { [OPENED]?: ResponsePort }

/**
 * Opens an event stream on a response of `node:http` or `node:http2`. The headers and a first comment are sent at once.
 *
 * If the client has disconnected already, the returned stream is closed. A HEAD request gets the headers and a closed
 * stream.
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

/** A stream whose head is not out yet; what is sent meanwhile waits. */
export interface PreparedEventStream {
  readonly stream: EventStream
  /** 200; another one when the stream is refused. */
  readonly status: number
  /** The headers of the stream, given those that the app has set so far. */
  head(current: (name: string) => HeaderValue | undefined): [name: string, value: HeaderValue][]
  /** Writes the headers to the response, then everything that waits. */
  begin(): void
  /** Writes what waits to something that the framework sends, head and all, in its own way. */
  beginOn(target: Target): void
  /** Calls `listener` once, when the response has finished or its client has disconnected; never if that is so already. */
  whenFinished(listener: (summary: StreamSummary) => void): void
  /** Gives the response back to the framework, which has something else to say: `error`. */
  abandon(error: unknown): void
}

/** Where a response becomes a stream. A class, since each open stream would keep its own copy of every closure. */
export class Preparation implements PreparedEventStream {
  readonly stream: EventStream
  readonly port: ResponsePort
  readonly #req: Request
  readonly #res: Response
  /** Chosen when the headers are first asked for: later they are a framework's, which has ours among them. */
  #coding: ReturnType<typeof chooseCoder> | 'undecided' = 'undecided'
  readonly #refusal: Refusal | undefined

  /** @throws {@link SseError} ERR_SSE_HEADERS_SENT, ERR_SSE_ALREADY_OPEN */
  constructor(req: Request, res: Marked, options: ResolvedOptions, refusal?: Refusal) {
    checkRuntime()
    if (res[OPENED] !== undefined) {
      throw new SseError(
        'ERR_SSE_ALREADY_OPEN',
        'This response is an event stream already: open it once and keep it.',
      )
    }
    if (res.headersSent) {
      throw new SseError(
        'ERR_SSE_HEADERS_SENT',
        'The headers of this response have been sent: open the stream before that.',
      )
    }
    const url = 'originalUrl' in req ? String(req.originalUrl) : req.url
    const lastEventId = readLastEventId(req.headers['last-event-id'], url, options.lastEventIdParameter)
    const wait = readWait(req.headers.prefer, url, options.waitParameter)
    this.#req = req
    this.#res = res
    this.#refusal = refusal
    this.port = new ResponsePort(lastEventId, options, connectionOf(req), wait)
    this.stream = new ResponseEventStream(this.port)
    listen(req, res, this.port)
    // Nothing of the body is wanted, so nothing that would make one may start.
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
      tellOpen({ stream: this.stream, request: this.#req, response: this.#res }, port)
  }

  whenFinished(listener: (summary: StreamSummary) => void): void {
    if (this.port.reason === undefined) summaryWhenFinished(this.port, listener)
  }

  abandon(error: unknown): void {
    this.port.onWriteFailed(error)
  }
}

/**
 * Attaches `port` to the events of its response. Only the response shows that a client has disconnected: a request's 'close' comes
 * as soon as its body was parsed, and its 'aborted' never after that.
 *
 * The listeners are shared by all responses, and added by the emitter's own method: some middleware replaces `res.on`,
 * and moves listeners to its compressor or ties them to the request that added them last.
 */
function listen(req: Request, res: Marked, port: ResponsePort): void {
  const { on } = EventEmitter.prototype
  res[OPENED] = port
  on.call(res, 'error', onError)
  if (isGone(req, res)) {
    port.onResponseClose()
    return
  }
  on.call(res, 'close', onClose)
  interceptEnd(res)
  if (!isHttp2(res) && res.socket === null)
    port.whenFinished(watchPipelined(req, () => port.onResponseClose()))
}

/** Node emits it when other code writes after the end, and nobody else may be listening. */
function onError(this: Marked, cause: unknown): void {
  // A test's inject({ signal }) aborts as a client that disconnects.
  if ((cause as { code?: unknown } | undefined)?.code === 'ABORT_ERR') this[OPENED]?.onResponseClose()
  else this[OPENED]?.onWriteFailed(cause)
}

function onClose(this: Marked): void {
  this[OPENED]?.onResponseClose()
}

/** Other code may end the response in the tick in which something was sent. */
function interceptEnd(res: Marked): void {
  // Its class may be patched later, so its method is looked up when it is called; what the response has of its own is not.
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
  // More than one step where other code has derived an object from the response.
  do owner = Object.getPrototypeOf(owner)
  while (owner.end === end)
  return Reflect.apply(owner.end, this, args)
}

/** An abrupt end cuts the connection here. The response is ended when it has closed: middleware saves or logs then. */
function isCutInstead(res: Marked): boolean {
  const port = res[OPENED]
  port?.onEnd()
  return port?.endsAbruptly === true && breakOff(res)
}
