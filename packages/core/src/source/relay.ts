import { SseError } from '../errors.ts'
import { EventStreamParser, type ParsedEvent } from '../wire/event-stream-parser.ts'
import { type EventStreamResponse, isResponse } from './event-stream-response.ts'
import { cancelQuietly, type EventSourceLike, type Pull, pullFrom } from './source.ts'

const EVENT_STREAM = /^\s*text\/event-stream\s*(?:;|$)/i

/**
 * Throws for a response that is not an event stream, and cancels its body.
 *
 * @throws {@link SseError} ERR_SSE_INVALID_SOURCE
 */
export function checkResponse(response: EventStreamResponse): void {
  const problem = problemOf(response)
  if (problem === undefined) return
  discardSource(response)
  throw new SseError(
    'ERR_SSE_INVALID_SOURCE',
    `Only a response with a 2xx status and the type text/event-stream can be relayed; this one ${problem}. Check the response before you pass it.`,
  )
}

/** The events of a response, chunk by chunk. @throws {@link SseError} ERR_SSE_INVALID_SOURCE */
export function pullEvents(response: EventStreamResponse, maxEventBytes: number): Pull<ParsedEvent[]> {
  checkResponse(response)
  const chunks = pullFrom(response.body as EventSourceLike) as Pull<Uint8Array | string>
  const parser = new EventStreamParser(maxEventBytes)
  return {
    async next() {
      const { done, value } = await chunks.next()
      if (done) return { done, value: undefined }
      try {
        return { done: false, value: parser.push(value) }
      } catch (error) {
        // The response itself has not failed, so it would stay open.
        void cancelQuietly(chunks)
        throw error
      }
    },
    cancel: () => chunks.cancel(),
  }
}

/**
 * Stops a source that will not be read. Otherwise what it reads from, such as a response of fetch(), would stay open.
 */
export function discardSource(source: unknown): void {
  try {
    const events = isResponse(source) ? source.body : source
    if (events !== null && typeof events !== 'function')
      void cancelQuietly(pullFrom(events as EventSourceLike))
  } catch {
    // It is not a source, or other code already reads it and is responsible for it.
  }
}

function problemOf({ ok, status, headers, body }: EventStreamResponse): string | undefined {
  if (!ok) return `has the status ${status}`
  const type = headers.get('content-type')
  if (!EVENT_STREAM.test(type ?? '')) {
    const is = type === null ? 'has no content-type' : `is ${JSON.stringify(type)}`
    return `${is} (to send its text, an event for each chunk, pass response.body)`
  }
  if (body === null) return 'has no body'
  return 'locked' in body && body.locked ? 'is being read already' : undefined
}
