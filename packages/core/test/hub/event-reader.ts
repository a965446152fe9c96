import type { ReceivedEvent } from '@downstream/testing'
import { createParser } from 'eventsource-parser'

/** Feeds text of any cut to a client's parser, which calls `onEvent` for each event. */
export function eventReader(onEvent: (event: ReceivedEvent) => void): (text: string) => void {
  const parser = createParser({
    onEvent: ({ event = 'message', data, id }) => onEvent({ event, data, id }),
    onError: (error) => {
      throw error
    },
  })
  return (text) => parser.feed(text)
}
