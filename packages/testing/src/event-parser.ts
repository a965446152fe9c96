import type { IncomingMessage } from 'node:http'
import { eventReader, type ReceivedEvent } from './received-event.ts'

/** A response parser with the interface of superagent and supertest. */
export type EventParser = (
  response: unknown,
  done: (error: Error | null, events: ReceivedEvent[]) => void,
) => void

/**
 * Makes supertest parse an event stream: `response.body` is then the list of its events.
 *
 * @param count - disconnect after this many events; without it, read until the server ends the stream
 *
 * @example
 * const { body } = await request(app).get('/time').buffer(true).parse(eventParser(3))
 * expect(body[0]).toEqual({ event: 'time', data: '12:00', id: undefined })
 */
export function eventParser(count: number = Number.POSITIVE_INFINITY): EventParser {
  return (response, done) => {
    const message = response as IncomingMessage
    const events: ReceivedEvent[] = []
    const feed = eventReader((event) => {
      if (events.length < count) events.push(event)
    })
    const finish = (error: Error | null) => {
      message.off('data', onData).off('end', onEnd)
      done(error, events)
    }
    const onData = (text: string) => {
      feed(text)
      if (events.length < count) return
      finish(null)
      // superagent would report this disconnect as a second result.
      message.removeAllListeners('error').on('error', () => {})
      message.destroy()
    }
    const onEnd = () => finish(null)
    message.setEncoding('utf8')
    message.on('data', onData).on('end', onEnd)
  }
}
