import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createOpenAI } from '@ai-sdk/openai'
import Anthropic from '@anthropic-ai/sdk'
import { RunnableLambda } from '@langchain/core/runnables'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import { EventType, type StreamChunk, toServerSentEventsResponse } from '@tanstack/ai'
import { streamText } from 'ai'
import OpenAI from 'openai'

const words = ['Grüße', ' 世界', ' 👩‍👩‍👧', '\n\n', ' "data: [DONE]"', ' \u2028 \r\n', ' end.']

/** Fakes of the two APIs that are called over the network, limited to streamed responses. */
const provider = createServer((req, res) => {
  res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
  if (req.url?.endsWith('/messages')) {
    const event = (type: string, rest: object) =>
      `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`
    res.write(event('message_start', { message: { id: 'msg_1', role: 'assistant', content: [], usage: {} } }))
    res.write(event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }))
    res.write('event: ping\ndata: {"type": "ping"}\n\n')
    for (const text of words) {
      res.write(event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }))
    }
    res.end(event('message_stop', {}))
    return
  }
  for (const content of words) {
    const choices = [{ index: 0, delta: { role: 'assistant', content }, finish_reason: null }]
    const chunk = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 0, model: 'local', choices }
    res.write(`data: ${JSON.stringify(chunk)}\n\n`)
  }
  res.end('data: [DONE]\n\n')
})
provider.listen(0, '127.0.0.1')
await once(provider, 'listening')
const baseURL = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`

async function* chunks(): AsyncGenerator<StreamChunk> {
  yield { type: EventType.RUN_STARTED, threadId: 'thread', runId: 'run' }
  yield { type: EventType.TEXT_MESSAGE_START, messageId: 'message', role: 'assistant' }
  for (const delta of words) yield { type: EventType.TEXT_MESSAGE_CONTENT, messageId: 'message', delta }
  yield { type: EventType.TEXT_MESSAGE_END, messageId: 'message' }
  yield { type: EventType.RUN_FINISHED, threadId: 'thread', runId: 'run' }
}

/**
 * The response of each package, created by the package itself: one tool call of MCP, otherwise an answer of a model.
 */
export const responses: Record<string, (signal: AbortSignal) => Promise<Response>> = {
  async ai(signal) {
    const model = createOpenAI({ apiKey: 'none', baseURL }).chat('local')
    return streamText({ model, prompt: 'Hello', abortSignal: signal }).toUIMessageStreamResponse()
  },
  openai(signal) {
    const openai = new OpenAI({ apiKey: 'none', baseURL })
    const messages = [{ role: 'user' as const, content: 'Hello' }]
    return openai.chat.completions.create({ model: 'local', messages, stream: true }, { signal }).asResponse()
  },
  anthropic(signal) {
    const anthropic = new Anthropic({ apiKey: 'none', baseURL })
    const messages = [{ role: 'user' as const, content: 'Hello' }]
    const request = { model: 'local', max_tokens: 100, messages, stream: true as const }
    return anthropic.messages.create(request, { signal }).asResponse()
  },
  async tanstack() {
    return toServerSentEventsResponse(chunks())
  },
  async langchain() {
    const model = RunnableLambda.from(async function* () {
      yield* words
    })
    const events = model.streamEvents('Hello', { version: 'v2', encoding: 'text/event-stream' })
    return new Response(events as ReadableStream<Uint8Array>, {
      headers: { 'content-type': 'text/event-stream' },
    })
  },
  async mcp() {
    const server = new McpServer({ name: 'words', version: '1.0.0' })
    server.registerTool('speak', {}, async () => ({ content: words.map((text) => ({ type: 'text', text })) }))
    const transport = new WebStandardStreamableHTTPServerTransport({})
    await server.connect(transport)
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'speak', arguments: {} } }
    return transport.handleRequest(
      new Request('http://localhost/mcp', {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
        body: JSON.stringify(call),
      }),
    )
  },
}
