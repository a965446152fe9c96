import { setTimeout as sleep } from 'node:timers/promises'
import OpenAI from 'openai'
import type { Page } from 'playwright-core'
import { ExampleServer } from '../../../test/browser/example-server.ts'
import { visitExample, waitForState } from '../../../test/browser/visit-example.ts'

const visit = visitExample(() => ExampleServer.start('express-openai', { TOKEN_MS: '2' }))
const question = { model: 'markov', messages: [{ role: 'user' as const, content: 'What of the gulls?' }] }

describe('the openai client', () => {
  test('reads a stream to its end', async () => {
    const stream = await completions().create({
      ...question,
      stream: true,
      stream_options: { include_usage: true },
    })
    let content = ''
    const reasons: unknown[] = []
    let usage: OpenAI.CompletionUsage | null | undefined
    let chunks = 0
    for await (const chunk of stream) {
      expect(chunk).toMatchObject({ object: 'chat.completion.chunk', model: 'markov' })
      content += chunk.choices[0]?.delta.content ?? ''
      if (chunk.choices[0]?.finish_reason) reasons.push(chunk.choices[0].finish_reason)
      usage = chunk.usage
      chunks++
    }
    expect(content).toMatch(/^The gulls .*\.$/)
    expect(reasons).toEqual(['stop'])
    const words = content.split(' ').length
    expect(usage).toEqual({ prompt_tokens: 4, completion_tokens: words, total_tokens: words + 4 })
    expect(chunks).toBe(words + 3)
  })

  test('gets the same answer in one piece', async () => {
    const { object, choices, usage } = await completions().create(question)
    expect(object).toBe('chat.completion')
    expect(choices).toHaveLength(1)
    expect(choices[0]).toMatchObject({ finish_reason: 'stop', message: { role: 'assistant' } })
    expect(choices[0]?.message.content).toMatch(/^The gulls .*\.$/)
    expect(usage?.completion_tokens).toBe(choices[0]?.message.content?.split(' ').length)
  })

  test('gets as many tokens as it requests', async () => {
    const { choices } = await completions().create({ ...question, max_completion_tokens: 3 })
    expect(choices[0]?.message.content?.split(' ')).toHaveLength(3)
    expect(choices[0]?.finish_reason).toBe('length')
  })

  // The generator waits for a minute before each token: it does not stop by itself in time.
  test('stops the generator by closing a stream', async () => {
    await slowDown('60000')
    const stream = await completions().create({ ...question, stream: true })
    for await (const { choices } of stream) {
      expect(choices[0]?.delta.role).toBe('assistant')
      expect(await status()).toEqual({ running: 1, tokens: 0 })
      stream.controller.abort()
    }
    await waitUntilIdle()
  })

  test('stops the generator by disconnecting before the answer', async () => {
    await slowDown('60000')
    const leaving = new AbortController()
    const answer = completions().create(question, { signal: leaving.signal })
    while ((await status()).running === 0) await sleep(20)
    leaving.abort()
    await expect(answer).rejects.toThrow(OpenAI.APIUserAbortError)
    await waitUntilIdle()
  })

  test('gets an error that says what is wrong with a request', async () => {
    for (const messages of [[], [{ role: 'user' as const, content: [] }], 'Hello' as never]) {
      const error = await completions()
        .create({ ...question, messages })
        .catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(OpenAI.BadRequestError)
      expect(error).toMatchObject({ param: 'messages', type: 'invalid_request_error' })
    }
  })
})

describe('the page', () => {
  test.each(['streamed', 'whole'])('shows an answer, %s', async (form) => {
    const page = await visit.open()
    await page.getByLabel('Stream the answer').setChecked(form === 'streamed')
    await ask(page, 'What of the gulls?')
    await waitForState(page, 'idle')
    await ask(page, 'And the lamp?')
    await waitForState(page, 'idle')
    const [first, second] = await page.locator('.assistant p').allTextContents()
    expect(first).toMatch(/^The gulls .*\.$/)
    expect(second).toMatch(/^The lamp .*\.$/)
    expect(await page.locator('.user p').allTextContents()).toEqual(['What of the gulls?', 'And the lamp?'])
    // The text for a screen reader, in one piece.
    expect(await page.locator('#spoken').textContent()).toBe(second)
  })

  test('Stop keeps the tokens so far, and stops the generator', async () => {
    await slowDown('1000')
    const page = await visit.open()
    await ask(page, 'What of the gulls?')
    await page.locator('.assistant').getByText('The gulls').waitFor()
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByText('Stopped, and the server’s generator is idle.').waitFor()
    await waitForState(page, 'idle')
    expect(await page.locator('.assistant p').textContent()).toMatch(/^The gulls/)
    const { tokens } = await status()
    await sleep(2_500)
    expect(await status()).toEqual({ running: 0, tokens })
  })

  test('reports that the server has ended in the middle of an answer', async () => {
    await slowDown('1000')
    const page = await visit.open()
    await ask(page, 'What of the gulls?')
    await page.locator('.assistant').getByText('The gulls').waitFor()
    expect(await visit.server.interrupt()).toBe(0)
    await page.getByText('Broken off: the server ended it early.').waitFor()
    await waitForState(page, 'idle')
  })
})

function completions(): OpenAI.Chat.Completions {
  return new OpenAI({ apiKey: 'none', baseURL: `${visit.server.url}/v1`, maxRetries: 0 }).chat.completions
}

/** Repeats until an answer takes long enough to be stopped. */
async function slowDown(tokenMs: string): Promise<void> {
  await visit.server.kill()
  visit.server = await ExampleServer.start('express-openai', { TOKEN_MS: tokenMs })
}

async function ask(page: Page, text: string): Promise<void> {
  await page.getByLabel('Message').fill(text)
  await page.getByRole('button', { name: 'Send' }).click()
}

async function waitUntilIdle(): Promise<void> {
  while ((await status()).running > 0) await sleep(20)
}

async function status(): Promise<{ running: number; tokens: number }> {
  const response = await fetch(`${visit.server.url}/status`)
  return (await response.json()) as { running: number; tokens: number }
}
