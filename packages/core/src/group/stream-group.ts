import {
  type EventStreamOptions,
  type ResolvedOptions,
  resolveOptions,
} from '../stream/event-stream-options.ts'
import type { Request, Response } from '../stream/exchange.ts'
import { Preparation } from '../stream/open-event-stream.ts'
import { Refusal, type Refuse } from '../stream/refusal.ts'
import { type CloseOptions, Shutdown } from '../stream/shutdown.ts'
import { publishRefusal } from '../stream/stream-diagnostics.ts'
import { Admission } from './admission.ts'
import { type AdmissionOptions, checkRefuse, resolveAdmission } from './admission-options.ts'
import { OpenStreams, type StreamStats } from './open-streams.ts'
import { type SseMethod, type SseMethodHost, sseMethod } from './sse-method.ts'

/** The options of an app's streams: the defaults of each stream, and which streams are refused. */
export interface GroupOptions<Request = unknown> extends EventStreamOptions, AdmissionOptions<Request> {}

/**
 * The streams of one app: opens them with the app's defaults, refuses those beyond its limits, counts them, and ends
 * them together at shutdown. Adapters for frameworks are built on it.
 */
export class StreamGroup {
  readonly #defaults: ResolvedOptions
  readonly #admission: Admission | undefined
  readonly #streams = new OpenStreams()
  #shutdown: Shutdown | undefined

  /** @throws {@link SseError} ERR_SSE_INVALID_OPTION */
  constructor({ limits, refuse, origin, ...defaults }: GroupOptions = {}) {
    this.#defaults = resolveOptions(defaults)
    const admission = resolveAdmission({ limits, refuse, origin })
    if (admission !== undefined) this.#admission = new Admission(admission)
  }

  /** How many streams are open, including those that have ended but are not finished yet. */
  get size(): number {
    return this.#streams.open
  }

  /** The streams in numbers. It takes time in proportion to the number of open streams. */
  stats(): StreamStats {
    return this.#streams.stats()
  }

  /**
   * Creates `res.sse()`: the method that opens the stream of this response, with the group's defaults.
   *
   * From the moment that the group closes, each new stream ends at once: 200, `retry`, end. Any other status would make
   * a browser give up permanently.
   *
   * @param request - the framework's request, for {@link GroupOptions.limits} and {@link GroupOptions.origin}
   */
  sse(req: Request, res: Response, host: SseMethodHost, request: unknown = req): SseMethod {
    return sseMethod((options, refuse) => this.#prepare(req, res, request, options, refuse), host)
  }

  /**
   * Ends every stream, and tells each client when to reconnect: see {@link CloseOptions}. Resolves when all responses
   * are finished; those that are not finished one second later are cut off. A second call returns the promise of the
   * first.
   *
   * @throws {@link SseError} ERR_SSE_INVALID_OPTION
   */
  close(options: CloseOptions = {}): Promise<void> {
    this.#shutdown ??= new Shutdown(this.#streams, options)
    return this.#shutdown.done
  }

  #prepare(
    req: Request,
    res: Response,
    request: unknown,
    options: EventStreamOptions | undefined,
    refuse: Refuse | undefined,
  ): Preparation {
    const resolved = resolveOptions(options, this.#defaults)
    const answer = this.#answer(req, request, refuse)
    const isRefused = answer instanceof Refusal
    const prepared = new Preparation(req, res, resolved, isRefused ? answer : undefined)
    const { port } = prepared
    if (isRefused) this.#onRefused(answer, req, res)
    // Do this first, because a stream that has ended from the start is not counted.
    else this.#shutdown?.end(port)
    port.keepIn(this.#streams)
    if (!isRefused && answer !== undefined && port.reason === undefined) this.#admission?.enter(port, answer)
    return prepared
  }

  #answer(req: Request, request: unknown, refuse: Refuse | undefined): ReturnType<Admission['check']> {
    if (refuse !== undefined) {
      checkRefuse(refuse)
      return new Refusal('app', refuse)
    }
    // During a shutdown no stream is refused, because all clients shall reconnect.
    if (this.#shutdown !== undefined) return undefined
    return this.#admission?.check(req, request, this.#streams.open)
  }

  #onRefused({ reason, status }: Refusal, request: Request, response: Response): void {
    this.#streams.refused[reason]++
    publishRefusal({ reason, status, request, response })
  }
}
