import { setTimeout as sleep } from 'node:timers/promises'
import type { LanguageModel } from 'ai'

type Model = Extract<LanguageModel, { specificationVersion: 'v3' }>
type Part = Awaited<ReturnType<Model['doStream']>>['stream'] extends ReadableStream<infer P> ? P : never

const tokenMs = Number(process.env.TOKEN_MS || 70)
const says = ['The answer goes on.', 'The page may go.', 'The run stays here.', 'A reload costs nothing.']

/** A fake of a provider’s model that needs no key and no network: use `openai('gpt-5-mini')` instead. */
export const model: Model = {
  specificationVersion: 'v3',
  provider: 'local',
  modelId: 'local',
  supportedUrls: {},
  doGenerate: () => Promise.reject(new Error('This model only streams.')),
  async doStream({ abortSignal }) {
    const made = parts(abortSignal)
    const stream = new ReadableStream<Part>({
      async pull(controller) {
        const { done, value } = await made.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
    })
    return { stream }
  },
}

async function* parts(signal: AbortSignal | undefined): AsyncGenerator<Part> {
  yield { type: 'stream-start', warnings: [] }
  yield { type: 'text-start', id: 'text' }
  for (let n = 0; n < 18; n++) {
    for (const delta of ` ${says[Math.floor(Math.random() * says.length)]}`.split(/(?= )/)) {
      await sleep(tokenMs, undefined, { signal })
      yield { type: 'text-delta', id: 'text', delta }
    }
  }
  yield { type: 'text-end', id: 'text' }
  yield {
    type: 'finish',
    finishReason: { unified: 'stop', raw: undefined },
    usage: {
      inputTokens: { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
      outputTokens: { total: undefined, text: undefined, reasoning: undefined },
    },
  }
}
