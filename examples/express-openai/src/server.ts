import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sse } from '@downstream/express'
import express from 'express'
import { Answer, type Message } from './answer.ts'
import { Generator } from './generator.ts'

const port = Number(process.env.PORT || 3000)
const tokenMs = Number(process.env.TOKEN_MS || 80)
const parser = dirname(createRequire(import.meta.url).resolve('eventsource-parser'))

const generator = new Generator(tokenMs)
const app = express()
const events = sse()

app.use(events)
app.use(express.static(fileURLToPath(new URL('../public', import.meta.url))))
app.use('/eventsource-parser', express.static(parser))

app.post('/v1/chat/completions', express.json({ limit: '1mb' }), async (req, res) => {
  const {
    model = 'markov',
    messages,
    stream,
    stream_options,
    max_completion_tokens,
    max_tokens,
  } = req.body ?? {}
  if (!isConversation(messages)) {
    const message = 'messages must be a list of { role, content }, and the last one must have some text.'
    res.status(400).json({ error: { message, type: 'invalid_request_error', param: 'messages', code: null } })
    return
  }
  const prompt = messages.at(-1)?.content ?? ''
  const maxTokens = max_completion_tokens ?? max_tokens ?? Number.POSITIVE_INFINITY
  const answer = new Answer({ model, messages, maxTokens })
  if (stream) {
    // The signal aborts when the client disconnects, and the generator stops at once.
    await res.sse(({ signal }) =>
      answer.chunks(generator.generate(prompt, signal), stream_options?.include_usage),
    )
  } else {
    const leaving = new AbortController()
    res.once('close', () => leaving.abort())
    try {
      res.json(await answer.whole(generator.generate(prompt, leaving.signal)))
    } catch (error) {
      if (!leaving.signal.aborted) throw error
    }
  }
})

app.get('/v1/models', (_req, res) => {
  res.json({ object: 'list', data: [{ id: 'markov', object: 'model', created: 0, owned_by: 'you' }] })
})

/** The state of the generator: it stops when you press Stop. */
app.get('/status', (_req, res) => {
  const { running, tokens } = generator
  res.set('Cache-Control', 'no-store').json({ running, tokens })
})

function isConversation(value: unknown): value is Message[] {
  return (
    Array.isArray(value) && value.length > 0 && value.every((message) => typeof message?.content === 'string')
  )
}

const server = app.listen(port, (error) => {
  if (error)
    throw new Error(`Cannot listen on port ${port}. Choose another: PORT=${port + 10} npm start`, {
      cause: error,
    })
  console.log(`http://localhost:${port}`)
})

async function stop() {
  await events.close({ server })
}

process.on('SIGINT', stop)
process.on('SIGTERM', stop)
