import { setTimeout as sleep } from 'node:timers/promises'
import { SseError } from '../errors.ts'
import { encodeEvent } from '../wire/encode.ts'
import { type EventStreamOptions, type ResolvedOptions, resolveOptions } from './event-stream-options.ts'
import { connectionEnd, type Request, type Response } from './exchange.ts'
import { type PreparedResponse, prepareEventStream } from './open-event-stream.ts'
import type { ResponseEventStream } from './response-event-stream.ts'
import { type SseMethod, type SseMethodHost, sseMethod } from './sse-method.ts'

/** How to end many streams. */
export interface CloseOptions {
  /** Spread the ends over this many ms, so that the clients do not all come back at once. Default: 0. */
  drain?: number | undefined
}

const DRAIN_STEP = 50
/** What has not left this many ms after the end is cut off, or shutdown would wait for a client that does not read. */
const GRACE = 1_000

/**
 * The streams of one app: opens them with the app's defaults and ends them together at shutdown.
 * This is what an adapter for a framework is built on.
 */
export class StreamGroup {
  readonly #defaults: ResolvedOptions
  readonly #open = new Map<ResponseEventStream, Request>()
  #closing: Promise<void> | undefined
  #closesAt = 0

  /** @throws {@link SseError} ERR_SSE_INVALID_OPTION */
  constructor(defaults: EventStreamOptions = {}) {
    this.#defaults = resolveOptions(defaults)
  }

  /** How many responses are open, those that have ended but are not yet through included. */
  get size(): number {
    return this.#open.size
  }

  /**
   * Makes `res.sse()`: the method that opens the stream of this response, with the group's defaults.
   *
   * While the group closes and after it, a stream is over before it begins: 200, `retry`, end. Any other status
   * would make a browser give up for good.
   */
  sse(req: Request, res: Response, host: SseMethodHost): SseMethod {
    return sseMethod((options = {}) => this.#prepare(req, res, options), host)
  }

  /**
   * Ends every stream with a random `retry` of 1 to 5 s plus what is left of `drain`. Resolves when all responses
   * are through; those that are not one second later are cut off. A second call joins the first.
   *
   * @throws {@link SseError} ERR_SSE_INVALID_OPTION
   */
  close(options: CloseOptions = {}): Promise<void> {
    const { drain = 0 } = options
    if (typeof drain !== 'number' || !(drain >= 0) || drain === Number.POSITIVE_INFINITY) {
      throw new SseError('ERR_SSE_INVALID_OPTION', 'Option drain must be a number of ms, 0 or more.')
    }
    this.#closing ??= this.#close(drain)
    return this.#closing
  }

  async #close(drain: number): Promise<void> {
    this.#closesAt = performance.now() + drain
    const waiting = [...this.#open]
    // These timers hold the process, unlike all others: it must not exit while somebody awaits the end.
    for (let step = Math.ceil(drain / DRAIN_STEP); step > 0 && this.#open.size > 0; step--) {
      const share = Math.ceil(waiting.length / (step + 1))
      for (const [stream, req] of waiting.splice(0, share)) this.#end(stream, req)
      await sleep(DRAIN_STEP)
    }
    for (const [stream, req] of waiting) this.#end(stream, req)
    await this.#through(GRACE)
    for (const stream of this.#open.keys()) stream.destroy('ERR_SSE_SHUTDOWN')
    await this.#through(GRACE)
  }

  #prepare(req: Request, res: Response, options: EventStreamOptions): PreparedResponse {
    const prepared = prepareEventStream(req, res, resolveOptions(options, this.#defaults))
    const { stream } = prepared
    this.#open.set(stream, req)
    stream.whenGone(() => this.#open.delete(stream))
    if (this.#closing !== undefined) this.#end(stream, req)
    return prepared
  }

  #end(stream: ResponseEventStream, req: Request): void {
    // Its connection may be busy with another request by now.
    if (stream.gone) return
    const left = Math.max(0, this.#closesAt - performance.now())
    const retry = Math.round(1_000 + Math.random() * 4_000 + left)
    // A kept connection would hold server.close() up until its idle timeout.
    stream.whenGone(connectionEnd(req))
    stream.end('ERR_SSE_SHUTDOWN', encodeEvent({ retry }))
  }

  /** Resolves when every response is through, at the latest after `limit` ms. */
  async #through(limit: number): Promise<void> {
    const gone = [...this.#open.keys()].map(
      (stream) => new Promise<void>((resolve) => stream.whenGone(resolve)),
    )
    if (gone.length === 0) return
    const timeout = new AbortController()
    await Promise.race([Promise.all(gone), sleep(limit, undefined, { signal: timeout.signal })])
    timeout.abort()
  }
}
