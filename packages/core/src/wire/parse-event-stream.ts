import { EventStreamParser, type ParsedEvent } from './event-stream-parser.ts'
import { invalidOption } from './invalid-option.ts'

/** Options of {@link parseEventStream}. */
export interface ParseOptions {
  /** An event larger than this many bytes is an error (`ERR_SSE_EVENT_TOO_LARGE`). Default: 1 MiB (1 048 576). */
  maxEventBytes?: number | undefined
}

/** The default of `maxEventBytes`. */
export const MAX_EVENT_BYTES = 1_048_576

/**
 * Parses an event stream exactly as the standard says, from chunks that may be cut anywhere: the body of a `fetch()`,
 * for example.
 *
 * Yields an object for each event, with `data` and, if the stream has them, `event` and `id`. A reconnection time is
 * yielded as `{ retry }` as soon as its line has arrived, and an id without data as `{ id }`: a browser dispatches no
 * event for either. Comments are not yielded, and an unfinished event at the end is dropped.
 *
 * @example
 * const { body } = await fetch('https://example.com/events')
 * for await (const { event, data } of parseEventStream(body)) console.log(event, data)
 *
 * @throws {@link SseError} ERR_SSE_EVENT_TOO_LARGE, ERR_SSE_INVALID_OPTION
 */
export async function* parseEventStream(
  chunks: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>,
  { maxEventBytes = MAX_EVENT_BYTES }: ParseOptions = {},
): AsyncGenerator<ParsedEvent, void, undefined> {
  if (!(typeof maxEventBytes === 'number' && maxEventBytes > 0))
    throw invalidOption('maxEventBytes', 'a number above 0', maxEventBytes)
  const parser = new EventStreamParser(maxEventBytes)
  for await (const chunk of chunks) yield* parser.push(chunk)
}
