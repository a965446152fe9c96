import { SseError } from '../errors.ts'
import { encodeEvent, encodeParsed, type Serialize } from '../wire/encode.ts'
import type { ParsedEvent } from '../wire/event-stream-parser.ts'
import type { ServerSentEvent } from '../wire/server-sent-event.ts'
import type { RunControlEvents } from './run-control-event.ts'

/** The text of an event of the app, without an id. @throws {@link SseError} if a run cannot store it */
export function runText(
  event: ServerSentEvent | string,
  names: RunControlEvents,
  serialize: Serialize,
): string {
  const text = encodeEvent(event, serialize)
  if (typeof event === 'string') return text
  if (event.id !== undefined) {
    throw new SseError(
      'ERR_SSE_INVALID_EVENT',
      'An event of a run cannot have an id: its id is its position in the run. Put your id into data.',
    )
  }
  if (event.data === undefined) {
    throw new SseError(
      'ERR_SSE_INVALID_EVENT',
      'A run cannot store a retry or a comment without data. Leave it out: each stream that follows the run sends its own.',
    )
  }
  if (event.event !== undefined && (event.event === names.end || event.event === names.gap))
    throw reserved(event.event)
  return text
}

/**
 * The text of an event of a relayed response, without its id; `''` if it has nothing but an id.
 *
 * @throws {@link SseError} if a client would take it for the end of the run
 */
export function relayedRunText({ event, data, retry }: ParsedEvent, names: RunControlEvents): string {
  if (retry !== undefined) return encodeParsed({ retry })
  if (data === undefined) return ''
  if (event === undefined) return encodeParsed({ data })
  if (event === names.end) throw reserved(event)
  return encodeParsed({ event, data })
}

function reserved(name: string): SseError {
  return new SseError(
    'ERR_SSE_INVALID_EVENT_NAME',
    `The run itself sends events named ${name}. Use another name, or rename the run's events with the option controlEvents.`,
  )
}
