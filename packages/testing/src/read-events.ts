import { TextDecoder } from 'node:util'
import { eventReader, type ReceivedEvent } from './received-event.ts'

/**
 * Reads the events of an open stream one by one: of `response.stream()` of Fastify's
 * `inject({ payloadAsStream: true })`, of a `fetch` response's `body`, of an `http.IncomingMessage`.
 *
 * Leaving the loop stops the stream, as a client that goes away does.
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

/** The first `count` events of an open stream, which is then left; fewer when it ends before. */
export async function takeEvents(
  body: AsyncIterable<Uint8Array | string>,
  count: number,
): Promise<ReceivedEvent[]> {
  const events: ReceivedEvent[] = []
  if (count === 0) return events
  for await (const event of readEvents(body)) if (events.push(event) === count) break
  return events
}
