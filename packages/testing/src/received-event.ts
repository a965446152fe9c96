import { createParser } from 'eventsource-parser'

/** An event as a client dispatches it. */
export interface ReceivedEvent {
  /** Its type; `message` when the server named none. */
  event: string
  data: string
  /** The id that came with it; undefined when it had none. */
  id: string | undefined
}

/** The events in a finished stream's text, read by eventsource-parser. */
export function parseEvents(text: string): ReceivedEvent[] {
  const events: ReceivedEvent[] = []
  eventReader((event) => events.push(event))(text)
  return events
}

/** Feeds text of any cut to a parser, which calls `onEvent` for each event. */
export function eventReader(onEvent: (event: ReceivedEvent) => void): (text: string) => void {
  const parser = createParser({
    onEvent: ({ event = 'message', data, id }) => onEvent({ event, data, id }),
  })
  return (text) => parser.feed(text)
}
