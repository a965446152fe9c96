import { warn } from '../errors.ts'
import { isResponse } from '../source/event-stream-response.ts'
import { checkResponse, discardSource } from '../source/relay.ts'
import { invalidSource, isSource } from '../source/source.ts'
import type { EventStream, Source } from '../stream/event-stream.ts'
import type { EventStreamOptions } from '../stream/event-stream-options.ts'
import type { PreparedEventStream } from '../stream/open-event-stream.ts'
import type { Refuse } from '../stream/refusal.ts'
import { COMPLETE, portOf } from '../stream/stream-port.ts'

/** The type of both `res.sse()` and `reply.sse()`. */
export interface SseMethod {
  /**
   * Sends the events of `source` and closes the stream at its end. Resolves when the stream has ended and never
   * rejects: an error of the source ends the stream and is passed once to the framework's error handling.
   *
   * @throws SseError synchronously, ERR_SSE_INVALID_SOURCE, ERR_SSE_INVALID_OPTION, ERR_SSE_ALREADY_OPEN,
   *   ERR_SSE_HEADERS_SENT
   */
  (source: Source, options?: EventStreamOptions): Promise<void>
  /**
   * Opens the stream and returns it.
   *
   * @throws SseError ERR_SSE_INVALID_OPTION, ERR_SSE_ALREADY_OPEN, ERR_SSE_HEADERS_SENT
   */
  (options?: EventStreamOptions): EventStream
  /** Takes a source or options. It is the last overload, because TypeScript takes its error messages from that one. */
  (sourceOrOptions: Source | EventStreamOptions): Promise<void> | EventStream
  /**
   * Refuses the stream for a reason of your own, in a way that browsers understand: see {@link
   * AdmissionOptions.refuse}. Headers that were set before are kept. Returns a closed stream (`ERR_SSE_REFUSED`).
   *
   * @param how - default: `'later'`
   * @throws {@link SseError} ERR_SSE_INVALID_OPTION
   */
  refuse(how?: Refuse): EventStream
}

/** What a framework adapter provides for an {@link SseMethod}. */
export interface SseMethodHost {
  /**
   * Sends the headers in the framework's way. Default: at once, directly to the response.
   *
   * @param fail - ends the stream because the app's handler failed, and reports the error
   */
  begin?(prepared: PreparedEventStream, fail: (error: unknown) => void): void
  /**
   * MUST pass the error of a source, or of a handler that failed later, to the framework's error handling. Called once,
   * after the response has finished. Returns false if nothing handles the error: then it becomes a process warning.
   */
  onSourceError(error: unknown): unknown
}

/** Creates the method of one response. `prepare` opens its stream. */
export function sseMethod(
  prepare: (options: EventStreamOptions | undefined, refuse?: Refuse) => PreparedEventStream,
  host: SseMethodHost,
): SseMethod {
  const sse = (first?: Source | EventStreamOptions, options?: EventStreamOptions) => {
    // Check it before the headers are sent, so that the app can still answer 502.
    if (isResponse(first)) checkResponse(first)
    if (!isSource(first)) {
      if (!areOptions(first) || options !== undefined) throw invalidSource(first)
      return open(prepare(first), host).stream
    }
    try {
      return serve(open(prepare(options), host).stream, first, host)
    } catch (error) {
      discardSource(first)
      throw error
    }
  }
  const refuse = (how: Refuse = 'later') => open(prepare(undefined, how), host).stream
  return Object.assign(sse as SseMethod, { refuse })
}

/**
 * Options are a plain object without `data`. A promise or an event, taken for options, would open a stream that stays
 * empty forever.
 */
function areOptions(value: unknown): value is EventStreamOptions | undefined {
  if (value === undefined) return true
  return Object.prototype.toString.call(value) === '[object Object]' && !('data' in (value as object))
}

function open(prepared: PreparedEventStream, host: SseMethodHost): PreparedEventStream {
  if (host.begin === undefined) prepared.begin()
  else host.begin(prepared, (error) => void fail(prepared.stream, error, host))
  return prepared
}

async function serve(stream: EventStream, source: Source, host: SseMethodHost): Promise<void> {
  try {
    await stream.sendAll(source)
    portOf(stream)?.end('ERR_SSE_CLOSED', COMPLETE)
  } catch (error) {
    void fail(stream, error, host)
  }
}

async function fail(stream: EventStream, error: unknown, host: SseMethodHost): Promise<void> {
  const port = portOf(stream)
  port?.end('ERR_SSE_SOURCE_FAILED', { cause: error })
  // Express handles an error after the headers by cutting the connection, so pending data would be lost. Wait with a
  // promise, because it continues in the AsyncLocalStorage context of this request.
  await new Promise<void>((resolve) => port?.whenFinished(resolve))
  try {
    if (host.onSourceError(error) === false) warn(error)
  } catch (thrown) {
    // This is the app's own callback: no other code would catch the error, and the process would end.
    warn(thrown)
  }
}
