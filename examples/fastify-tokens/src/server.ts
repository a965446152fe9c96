import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { sse } from '@downstream/fastify'
import fastifyStatic from '@fastify/static'
import Fastify from 'fastify'
import { generate, type Work } from './model.ts'

const port = Number(process.env.PORT || 3001)

interface Answer extends Work {
  /** The number of tokens when the stream ended. */
  tokensAtEnd: number | null
}

/** The newest answers, so that the page can show the work of the server. */
const answers = new Map<string, Answer>()

// Browsers open connections in advance; app.close() alone would wait a minute for such a connection.
const app = Fastify({ forceCloseConnections: true })

await app.register(sse)
await app.register(fastifyStatic, { root: fileURLToPath(new URL('../public', import.meta.url)) })
await app.register(fastifyStatic, {
  root: fileURLToPath(new URL('.', import.meta.resolve('eventsource-parser'))),
  prefix: '/eventsource-parser/',
  decorateReply: false,
})

const prompt = { type: 'string', minLength: 1, maxLength: 500 }
const schema = { body: { type: 'object', required: ['prompt'], properties: { prompt } } }

app.post<{ Body: { prompt: string } }>('/answers', { schema }, (request, reply) => {
  const id = randomUUID()
  const answer: Answer = { tokens: 0, tokensAtEnd: null }
  remember(id, answer)

  // The function receives the stream. `signal` aborts when the page stops the answer, is closed or loses its connection.
  return reply.sse(async function* ({ signal }) {
    signal.addEventListener('abort', () => {
      answer.tokensAtEnd = answer.tokens
    })
    yield { event: 'answer', data: { id } }
    for await (const token of generate(request.body.prompt, answer, signal)) {
      yield { event: 'token', data: token }
    }
    // So that the page can distinguish a complete answer from one that was cut off.
    yield { event: 'done', data: '' }
  })
})

app.get<{ Params: { id: string } }>('/answers/:id', (request, reply) => {
  const answer = answers.get(request.params.id)
  if (answer === undefined) return reply.code(404).send({ error: 'No such answer' })
  return reply.header('Cache-Control', 'no-store').send(answer)
})

function remember(id: string, answer: Answer): void {
  answers.set(id, answer)
  for (const oldest of answers.keys()) {
    if (answers.size <= 100) break
    answers.delete(oldest)
  }
}

process.on('SIGINT', () => app.close())
process.on('SIGTERM', () => app.close())

await app.listen({ port }).catch((cause) => {
  throw new Error(`Cannot listen on port ${port}. Choose another: PORT=${port + 10} npm start`, { cause })
})
console.log(`http://localhost:${port}`)
