import { EventSourceParserStream } from './eventsource-parser/stream.js'

/**
 * The events of a response. EventSource cannot POST; this can, and does not reconnect, because an interrupted answer
 * would start again. To stop it, abort the signal in `init`.
 */
export async function* readEvents(url, init) {
  const response = await fetch(url, init)
  if (!response.ok) throw new Error(`HTTP ${response.status}`)
  const reader = response.body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream())
    .getReader()
  for (let step = await reader.read(); !step.done; step = await reader.read()) yield step.value
}
