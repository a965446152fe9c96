import type { IncomingMessage } from 'node:http'
import { takeEvents } from './read-events.ts'
import type { ReceivedEvent } from './received-event.ts'

/** A response parser as superagent and supertest take it. */
export type EventParser = (
  response: unknown,
  done: (error: Error | null, events: ReceivedEvent[]) => void,
) => void

/**
 * Makes supertest read an event stream: `response.body` is then the list of its events.
 *
 * @param count - leave the stream after this many events; without it, read until the server ends it
 *
 * @example
 * const { body } = await request(app).get('/time').buffer(true).parse(eventParser(3))
 * expect(body[0]).toEqual({ event: 'time', data: '12:00', id: undefined })
 */
export function eventParser(count: number = Number.POSITIVE_INFINITY): EventParser {
  return (response, done) => {
    takeEvents(response as IncomingMessage, count).then(
      (events) => done(null, events),
      (error: Error) => done(error, []),
    )
  }
}
