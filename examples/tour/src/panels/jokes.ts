import type { EventStream, ServerSentEvent } from '@downstream/core'
import { inTempo } from '../tempo.ts'

const jokes = [
  'There are two hard things in computing: cache invalidation, naming things, and off-by-one errors.',
  'A SQL query walks into a bar, goes up to two tables and asks: may I join you?',
  'I would tell you a joke about UDP, but you might not get it.',
  'There are 10 kinds of people: those who understand binary, and those who do not.',
  'Why do programmers mix up Halloween and Christmas? Because OCT 31 is DEC 25.',
  'A programmer is sent for a litre of milk, and if there are eggs, to bring a dozen. He returns with twelve litres.',
  'Knock, knock. Race condition. Who is there?',
  'The cloud is somebody else’s computer. The edge is somebody else’s computer near you.',
  'My favourite client keeps the connection open. The others keep asking whether there is news.',
  'A byte walks into a bar looking pale. The barman asks what is wrong. Parity error. I thought you looked a bit off.',
  'It works on my machine. Then we ship your machine.',
  'To understand recursion, ask somebody who is closer to understanding it than you are.',
]

// #region jokes
/** Each response is one joke. The browser reconnects for the next one after `retry` ms, which the server chooses. */
export function* joke({ lastEventId }: EventStream): Generator<ServerSentEvent> {
  const retry = inTempo(2500 + Math.random() * 4000)
  const number = otherThan(lastEventId)
  yield { event: 'joke', id: String(number), retry, data: { text: jokes[number], retry } }
}
// #endregion

/** A random one, but not the same again. */
function otherThan(lastEventId: string): number {
  const last = /^\d{1,4}$/.test(lastEventId) ? Number(lastEventId) : 0
  return (last + 1 + Math.floor(Math.random() * (jokes.length - 1))) % jokes.length
}
