import type { EventStream } from './event-stream.ts'
import type { EventStreamOptions } from './event-stream-options.ts'
import type { ResponseEventStream } from './response-event-stream.ts'
import { invalidSource, isSource, type Source } from './source.ts'

/** `res.sse()` and `reply.sse()`: the same method on both. */
export interface SseMethod {
  /**
   * Sends what `source` yields and closes the stream at its end. Resolves when the stream is over and never rejects:
   * an error of the source ends the stream and goes once to the framework's error path.
   */
  (source: Source, options?: EventStreamOptions): Promise<void>
  /** Opens the stream and returns it. */
  (options?: EventStreamOptions): EventStream
}

/** What a framework has to bring for an {@link SseMethod}. */
export interface SseMethodHost {
  /** Opens the stream of this response. */
  open(options: EventStreamOptions | undefined): ResponseEventStream
  /** Called once with the error of a source, when the response that it ended is through. */
  onSourceError(error: unknown): void
}

/** Makes the method of one response. */
export function sseMethod(host: SseMethodHost): SseMethod {
  function sse(source: Source, options?: EventStreamOptions): Promise<void>
  function sse(options?: EventStreamOptions): EventStream
  function sse(
    first?: Source | EventStreamOptions,
    options?: EventStreamOptions,
  ): Promise<void> | EventStream {
    if (isSource(first)) return serve(host, host.open(options), first)
    if (first !== undefined && (typeof first !== 'object' || first === null)) throw invalidSource(first)
    return host.open(first)
  }
  return sse
}

async function serve(host: SseMethodHost, stream: ResponseEventStream, source: Source): Promise<void> {
  try {
    await stream.sendAll(source)
    stream.close()
  } catch (error) {
    stream.end('ERR_SSE_SOURCE_FAILED', '', error)
    // Express answers an error after the head by cutting the connection, which would lose what was sent before.
    stream.whenGone(() => host.onSourceError(error))
  }
}
