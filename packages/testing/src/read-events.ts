import { TextDecoder } from 'node:util'
import { eventReader, type ReceivedEvent } from './received-event.ts'

/**
 * Reads the events of an open stream one by one: from `response.stream()` of Fastify's `inject({ payloadAsStream: true
 * })`, the `body` of a `fetch` response, or an `http.IncomingMessage`.
 *
 * Leaving the loop closes the stream, as a client that disconnects does.
 *
 * @example
 * for await (const { event, data } of readEvents(response.stream())) { ... }
 */
export async function* readEvents(
  body: AsyncIterable<Uint8Array | string>,
): AsyncGenerator<ReceivedEvent, void> {
  const decoder = new TextDecoder()
  const ready: ReceivedEvent[] = []
  const feed = eventReader((event) => ready.push(event))
  for await (const chunk of body) {
    feed(typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }))
    yield* ready.splice(0)
  }
}

/** Reads the first `count` events of an open stream, then closes it. Returns fewer if the stream ends earlier. */
export async function takeEvents(
  body: AsyncIterable<Uint8Array | string>,
  count: number,
): Promise<ReceivedEvent[]> {
  const events: ReceivedEvent[] = []
  if (count === 0) return events
  for await (const event of readEvents(body)) if (events.push(event) === count) break
  return events
}
