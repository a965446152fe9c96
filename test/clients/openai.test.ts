import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import type { Source } from '@downstream/core'
import OpenAI from 'openai'
import { Journal } from './journal.ts'
import { closeServers, servers, type TestServer } from './servers.ts'

type Chunk = OpenAI.Chat.Completions.ChatCompletionChunk

const words = ['', 'Grüße', ',\n\n', ' 世界 ', '👩‍👩‍👧', ' "data: [DONE]"']

function chunk(content: string): Chunk {
  const choice = { index: 0, delta: { role: 'assistant' as const, content }, finish_reason: null }
  return { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 0, model: 'parrot', choices: [choice] }
}

function completionsOf(server: TestServer): OpenAI.Chat.Completions {
  return new OpenAI({ apiKey: 'none', baseURL: `${server.url}/v1`, maxRetries: 0 }).chat.completions
}

const request = {
  model: 'parrot',
  messages: [{ role: 'user' as const, content: 'Sag «Grüße» 😀' }],
  stream: true as const,
}

describe.each(servers)('$server', ({ start }) => {
  afterEach(closeServers)

  test('streams a chat completion, up to [DONE]', async () => {
    const bodies = new Journal<unknown>()
    const server = await start({
      '/v1/chat/completions': (sse, { body }) => {
        bodies.add(body)
        return sse(async function* () {
          for (const word of words) yield { data: chunk(word) }
          yield '[DONE]'
        })
      },
    })
    const received: Chunk[] = []
    for await (const one of await completionsOf(server).create(request)) received.push(one)
    expect(received).toEqual(words.map(chunk))
    expect(bodies.entries).toEqual([request])
  })

  test('passes each chunk on when it is sent, and drops comments', async () => {
    const heard = new Journal<string>()
    const server = await start({
      '/v1/chat/completions': (sse) =>
        sse(async function* (stream) {
          for (const [index, word] of words.entries()) {
            yield { comment: 'keep-alive' }
            yield { data: chunk(word) }
            await stream.comment()
            await heard.at(index)
          }
          yield '[DONE]'
        }),
    })
    for await (const { choices } of await completionsOf(server).create(request)) {
      heard.add(choices[0]?.delta.content ?? 'nothing')
    }
    expect(heard.entries).toEqual(words)
  })

  const waits: [state: string, wait: (signal: AbortSignal) => Promise<unknown>][] = [
    ['busy', () => setImmediate()],
    ['waiting for its own upstream, with the signal', (signal) => sleep(60_000, undefined, { signal })],
  ]
  const stops = ['aborting the request', 'leaving the loop'].flatMap((how) =>
    waits.map(([state, wait]) => ({ how, state, wait })),
  )
  test.each(stops)('$how stops the generator that is $state', async ({ how, wait }) => {
    const over = new Journal<string>()
    const server = await start({
      '/v1/chat/completions': (sse) =>
        sse(async function* ({ signal }) {
          signal.addEventListener('abort', () => over.add(signal.reason.code))
          try {
            for (;;) {
              yield { data: chunk('la') }
              await wait(signal)
            }
          } finally {
            over.add('finally')
          }
        }),
    })
    const stream = await completionsOf(server).create(request)
    for await (const { choices } of stream) {
      expect(choices[0]?.delta.content).toBe('la')
      expect(over.entries).toEqual([])
      if (how === 'leaving the loop') break
      stream.controller.abort()
    }
    expect((await over.first(2)).sort()).toEqual(['ERR_SSE_CLIENT_CLOSED', 'finally'])
  })

  const failures: [how: string, source: Source][] = [
    ['an event named error', [{ event: 'error', data: { message: 'overloaded' } }]],
    ['an error in the data', [{ data: { error: { message: 'overloaded' } } }]],
  ]
  test.each(failures)('%s reaches the caller as an APIError', async (_, source) => {
    const server = await start({ '/v1/chat/completions': (sse) => sse(source) })
    const stream = await completionsOf(server).create(request)
    const error = await stream[Symbol.asyncIterator]()
      .next()
      .catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(OpenAI.APIError)
    expect(error).toMatchObject({ error: { message: 'overloaded' } })
  })
})
