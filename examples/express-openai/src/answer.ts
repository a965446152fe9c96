import { randomUUID } from 'node:crypto'
import type { ServerSentEvent } from '@downstream/express'

export interface Message {
  role: string
  content: string
}

export interface AnswerOptions {
  model: string
  messages: Message[]
  maxTokens: number
}

/** An answer in the two forms of OpenAI's API: a chunk for each token, or one object when it is finished. */
export class Answer {
  readonly #id: string = `chatcmpl-${randomUUID()}`
  readonly #created: number = Math.floor(Date.now() / 1000)
  readonly #options: AnswerOptions
  #tokens = 0
  #finishReason = 'stop'

  constructor(options: AnswerOptions) {
    this.#options = options
  }

  /** `stream: true`. Clients wait for `[DONE]`, and treat an end without it as a broken connection. */
  async *chunks(
    tokens: AsyncIterable<string>,
    includeUsage: boolean,
  ): AsyncGenerator<ServerSentEvent | string> {
    yield { data: this.#chunk({ role: 'assistant', content: '' }) }
    for await (const content of this.#limit(tokens)) yield { data: this.#chunk({ content }) }
    yield { data: this.#chunk({}, this.#finishReason) }
    if (includeUsage) {
      yield { data: { ...this.#head('chat.completion.chunk'), choices: [], usage: this.#usage() } }
    }
    yield '[DONE]'
  }

  /** `stream: false` */
  async whole(tokens: AsyncIterable<string>) {
    let content = ''
    for await (const token of this.#limit(tokens)) content += token
    const message = { role: 'assistant', content, refusal: null }
    return {
      ...this.#head('chat.completion'),
      choices: [{ index: 0, message, finish_reason: this.#finishReason, logprobs: null }],
      usage: this.#usage(),
    }
  }

  async *#limit(tokens: AsyncIterable<string>): AsyncGenerator<string> {
    for await (const token of tokens) {
      this.#tokens++
      yield token
      if (this.#tokens === this.#options.maxTokens) {
        this.#finishReason = 'length'
        return
      }
    }
  }

  #chunk(delta: Partial<Message>, finishReason: string | null = null) {
    return {
      ...this.#head('chat.completion.chunk'),
      choices: [{ index: 0, delta, finish_reason: finishReason, logprobs: null }],
    }
  }

  #head(object: string) {
    return { id: this.#id, object, created: this.#created, model: this.#options.model }
  }

  #usage() {
    const prompt = this.#options.messages.flatMap(({ content }) => content.split(/\s+/)).length
    return { prompt_tokens: prompt, completion_tokens: this.#tokens, total_tokens: prompt + this.#tokens }
  }
}
