// What an editor shows to a developer who writes the first lines: completion, and errors that name the mistake.
import { LanguageServer } from './language-server.ts'

const server = new LanguageServer()
beforeAll(() => server.start())
afterAll(() => server.stop())

const preamble = `
  import { createHub, type EventStream, type Hub, type SseMethod } from '@downstream/core'
  import type OpenAI from 'openai'
  import type { Stream } from 'openai/streaming'
  declare const sse: SseMethod
  declare const stream: EventStream
  declare const row: { id: number; name: string }
  declare const completion: Stream<OpenAI.ChatCompletionChunk>
  const hub = createHub<{ news: { headline: string }; chat: { message: string } }>()
`

test.each<[string, string, string[]]>([
  ['an event that is sent', 'stream.send({ ‸ })', ['comment?', 'data?', 'event?', 'id?', 'retry?']],
  ['an event in a list', 'sse([{ ‸ }])', ['comment?', 'data?', 'event?', 'id?', 'retry?']],
  [
    'an event that a generator yields',
    'sse(async function* () { yield { ‸ } })',
    ['comment?', 'data?', 'event?', 'id?', 'retry?'],
  ],
  ['an event that has a name', "stream.send({ event: 'a', ‸ })", ['comment?', 'data', 'id?', 'retry?']],
  ['a published event', "hub.publish('news', { ‸ })", ['data', 'event']],
  ['a channel', "hub.publish('‸')", ['chat', 'news']],
])('the completion of %s offers the possible members, and nothing else', async (_what, text, labels) => {
  expect((await server.completions(preamble + text)).sort()).toEqual(labels)
})

const noData =
  "Property 'data' is missing in type '{ id: number; name: string; }' but required in type 'EventWithData<unknown>'."

test.each([
  ['a row that is sent', 'stream.send(row)', noData],
  ['rows as a source', 'sse([row])', noData],
  ['a row in a literal', "sse([{ id: 1, name: 'Ada' }])", noData],
  ['a generator of rows', 'sse(async function* () { yield row })', noData],
  ['a generator function of rows', 'sse(function* () { yield row })', noData],
  [
    'the stream of an SDK',
    'sse(completion)',
    "Property 'data' is missing in type 'ChatCompletionChunk' but required in type 'EventWithData<unknown>'.",
  ],
  [
    'an option that is misspelt',
    'sse({ keepalive: 1 })',
    "'keepalive' does not exist in type 'EventStreamOptions | Source'.",
  ],
  [
    'an option of the wrong type',
    'sse({ keepAlive: true })',
    "Type 'true' is not assignable to type 'number | false | undefined'.",
  ],
  [
    'a channel that is misspelt',
    "hub.publish('chatt', { data: 'hi' })",
    `Argument of type 'string' is not assignable to parameter of type 'readonly ("chat" | "news")[]'.`,
  ],
  [
    'channels without event names',
    'createHub<{ news: string }>()',
    `Type 'string' is not assignable to type '"A channel maps the names of its events to the types of their data, for example { message: string }."'.`,
  ],
])('the error of %s ends with the mistake', async (_what, text, message) => {
  const errors = await server.errors(preamble + text)
  expect(errors).toEqual([expect.stringContaining(message)])
  expect(errors[0]?.trimEnd().endsWith(message)).toBe(true)
})
