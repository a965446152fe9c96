import { createParser } from 'eventsource-parser'

/** An event as a client dispatches it. */
export interface ReceivedEvent {
  /** Its type; `message` if the server sent none. */
  event: string
  data: string
  /** The id of this event; undefined if it had none. */
  id: string | undefined
}

/** The events in the text of a finished stream, parsed by eventsource-parser. */
export function parseEvents(text: string): ReceivedEvent[] {
  const events: ReceivedEvent[] = []
  eventReader((event) => events.push(event))(text)
  return events
}

/** Feeds text, in pieces of any size, to a parser that calls `onEvent` for each event. */
export function eventReader(onEvent: (event: ReceivedEvent) => void): (text: string) => void {
  const parser = createParser({
    onEvent: ({ event = 'message', data, id }) => onEvent({ event, data, id }),
  })
  return (text) => parser.feed(text)
}
