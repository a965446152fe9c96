import type { ReceivedEvent } from '@downstream/testing'
import { createParser } from 'eventsource-parser'

/** Feeds text in any pieces to the parser of a client, which calls `onEvent` for each event. */
export function eventReader(onEvent: (event: ReceivedEvent) => void): (text: string) => void {
  const parser = createParser({
    onEvent: ({ event = 'message', data, id }) => onEvent({ event, data, id }),
    onError: (error) => {
      throw error
    },
  })
  return (text) => parser.feed(text)
}
