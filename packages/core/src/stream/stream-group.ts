import { type EventStreamOptions, type ResolvedOptions, resolveOptions } from './event-stream-options.ts'
import type { Request, Response } from './exchange.ts'
import { Preparation } from './open-event-stream.ts'
import { type CloseOptions, Shutdown } from './shutdown.ts'
import { type SseMethod, type SseMethodHost, sseMethod } from './sse-method.ts'
import type { StreamPort } from './stream-port.ts'

/**
 * The streams of one app: opens them with the app's defaults and ends them together at shutdown.
 * This is what an adapter for a framework is built on.
 */
export class StreamGroup {
  readonly #defaults: ResolvedOptions
  readonly #open = new Set<StreamPort>()
  #shutdown: Shutdown | undefined

  /** @throws {@link SseError} ERR_SSE_INVALID_OPTION */
  constructor(defaults?: EventStreamOptions) {
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
    return sseMethod((options) => this.#prepare(req, res, options), host)
  }

  /**
   * Ends every stream, and tells each client when to reconnect: see {@link CloseOptions}. Resolves when all responses
   * are finished; those that are not one second later are cut off. A second call joins the first.
   *
   * @throws {@link SseError} ERR_SSE_INVALID_OPTION
   */
  close(options: CloseOptions = {}): Promise<void> {
    this.#shutdown ??= new Shutdown(this.#open, options)
    return this.#shutdown.done
  }

  #prepare(req: Request, res: Response, options: EventStreamOptions | undefined): Preparation {
    const prepared = new Preparation(req, res, resolveOptions(options, this.#defaults))
    prepared.port.keepIn(this.#open)
    this.#shutdown?.end(prepared.port)
    return prepared
  }
}
