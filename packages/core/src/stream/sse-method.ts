import { warn } from '../errors.ts'
import { isResponse } from '../source/event-stream-response.ts'
import { checkResponse, discardSource } from '../source/relay.ts'
import { invalidSource, isSource } from '../source/source.ts'
import type { EventStream, Source } from './event-stream.ts'
import type { EventStreamOptions } from './event-stream-options.ts'
import type { PreparedEventStream } from './open-event-stream.ts'
import type { Refuse } from './refusal.ts'
import { COMPLETE, portOf } from './stream-port.ts'

/** `res.sse()` and `reply.sse()`: the same method on both. */
export interface SseMethod {
  /**
   * Sends what `source` yields and closes the stream at its end. Resolves when the stream is over and never rejects:
   * an error of the source ends the stream and goes once to the framework's error path.
   */
  (source: Source, options?: EventStreamOptions): Promise<void>
  /** Opens the stream and returns it. */
  (options?: EventStreamOptions): EventStream
  /** For code that does not know which of the two it has. It is last because TypeScript explains errors by the last one. */
  (sourceOrOptions: Source | EventStreamOptions): Promise<void> | EventStream
  /**
   * Refuses the stream for a reason of the app's own, in a way that browsers understand: see
   * {@link AdmissionOptions.refuse}. Headers that were set before are kept. Returns a closed stream
   * (`ERR_SSE_REFUSED`).
   *
   * @param how - default: `'later'`
   * @throws {@link SseError} ERR_SSE_INVALID_OPTION
   */
  refuse(how?: Refuse): EventStream
}

/** What a framework has to bring for an {@link SseMethod}. */
export interface SseMethodHost {
  /**
   * Sends the headers in the framework's way. Default: at once, straight into the response.
   *
   * @param fail - ends the stream because the app's handler failed, and reports the error
   */
  begin?(prepared: PreparedEventStream, fail: (error: unknown) => void): void
  /**
   * MUST pass the error of a source, or of a handler that failed later, to the framework's error path. Called once, after
   * the response has finished. Returns false when nothing takes the error: it then becomes a process warning.
   */
  onSourceError(error: unknown): unknown
}

/** Makes the method of one response. `prepare` opens its stream. */
export function sseMethod(
  prepare: (options: EventStreamOptions | undefined, refuse?: Refuse) => PreparedEventStream,
  host: SseMethodHost,
): SseMethod {
  const sse = (first?: Source | EventStreamOptions, options?: EventStreamOptions) => {
    // Before the headers are sent, so that the app can still answer 502.
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

/** A promise of a source is an object too, and so is an event: it would open a stream that stays empty for ever. */
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
  // Express answers an error after the headers by cutting the connection, which would lose what was sent before.
  // A promise, because it carries on in the AsyncLocalStorage context of this request.
  await new Promise<void>((resolve) => port?.whenFinished(resolve))
  try {
    if (host.onSourceError(error) === false) warn(error)
  } catch (thrown) {
    // The app's own callback: nobody else would catch it, and the process would end.
    warn(thrown)
  }
}
