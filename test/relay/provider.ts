import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** What the model answers, in pieces. */
export const words = ['Grüße', ' 世界', ' 👩‍👩‍👧', '\n\n', ' "data: [DONE]"', ' \u2028 \r\n', ' end.']

/** The APIs of OpenAI and Anthropic, as far as a streamed answer goes. */
export interface Provider {
  url: string
  /** The paths of requests whose client has disconnected before the end of the answer. */
  left: string[]
  close(): void
}

/** A question that has `wait` in it gets one word and no end; one that has `refuse` in it gets 400. */
export async function startProvider(): Promise<Provider> {
  const left: string[] = []
  const server = createServer(async (req, res) => {
    const path = req.url as string
    res.on('close', () => {
      if (!res.writableEnded) left.push(path)
    })
    await answer(path, await text(req), res)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    left,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

async function answer(path: NonNullable<IncomingMessage['url']>, asked: string, res: ServerResponse) {
  if (asked.includes('refuse')) {
    res.writeHead(400, { 'content-type': 'application/json' })
    res.end('{"error":{"type":"invalid_request_error","message":"no"}}')
    return
  }
  const waits = asked.includes('wait')
  const api = Object.entries(apis).find(([end]) => path.endsWith(end))?.[1]
  if (api === undefined) throw new Error(`The provider has no ${path}`)
  res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
  res.write(api.before)
  for (const word of waits ? words.slice(0, 1) : words) res.write(api.piece(word))
  if (!waits) res.end(api.after)
}

interface Api {
  before: string
  piece(text: string): string
  after: string
}

const apis: Record<string, Api> = {
  '/chat/completions': {
    before: '',
    piece(content) {
      const choices = [{ index: 0, delta: { role: 'assistant', content }, finish_reason: null }]
      return data({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 0, model: 'local', choices })
    },
    after: 'data: [DONE]\n\n',
  },
  '/responses': {
    before:
      named('response.created', { response: { id: 'resp_1', created_at: 0, model: 'local' } }) +
      named('response.output_item.added', { output_index: 0, item: { type: 'message', id: 'msg_1' } }),
    piece: (delta) =>
      named('response.output_text.delta', { item_id: 'msg_1', output_index: 0, content_index: 0, delta }),
    after:
      named('response.output_item.done', { output_index: 0, item: { type: 'message', id: 'msg_1' } }) +
      named('response.completed', { response: { usage: { input_tokens: 1, output_tokens: 1 } } }),
  },
  '/messages': {
    before: `${named('message_start', { message: { id: 'msg_1', role: 'assistant', content: [], usage: {} } })}${named('content_block_start', { index: 0, content_block: { type: 'text', text: '' } })}event: ping\ndata: {"type": "ping"}\n\n`,
    piece: (text) => named('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }),
    after: named('message_stop', {}),
  },
}

function data(value: object): string {
  return `data: ${JSON.stringify(value)}\n\n`
}

function named(type: string, rest: object): string {
  return `event: ${type}\n${data({ type, ...rest })}`
}
