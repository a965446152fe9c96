import { setTimeout as sleep } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { RedisServer } from '../../packages/redis/test/harness/redis-server.ts'
import { CuttingProxy } from './cutting-proxy.ts'
import { ExampleServer } from './example-server.ts'
import { visitExample, waitForState } from './visit-example.ts'

/** The promises of both apps named `*-chat-ai`: the answer survives everything that happens to its page. */
export function chatAiSuite(example: string): void {
  // An answer has about seventy tokens, which take four seconds, or more than a minute.
  const slow = '1000'
  const start = (env = {}, port?: number) => ExampleServer.start(example, { TOKEN_MS: '60', ...env }, port)
  const visit = visitExample(() => start())

  test('two windows show the same answer, and a reload in the middle loses and repeats nothing', async () => {
    const page = await visit.open()
    const other = await visit.open(new URL(page.url()).search, page.context())
    await waitForState(other, 'open')
    await ask(page, 'Who is <b>there</b>?')
    await waitForTokens(other, 5)
    for (const reloaded of [page, other, page]) {
      await reloaded.reload()
      await waitForTokens(reloaded, 5)
    }
    const late = await visit.open(new URL(page.url()).search)
    for (const one of [page, other, late]) await waitForState(one, 'open')
    const text = await kept(page)
    expect(text).toMatch(/^You asked: “Who is <b>there<\/b>\?”\n\n[A-Z].*\.$/s)
    for (const one of [page, other, late]) expect(await answer(one)).toBe(text)
    await page.reload()
    await waitForTokens(page, 5)
    expect(await answer(page)).toBe(text)
  })

  test('a lost connection and a time offline lose nothing', async () => {
    await slowDown('300')
    const proxy = await CuttingProxy.start(Number(new URL(visit.server.url).port))
    try {
      const page = await visit.open()
      await page.goto(`${proxy.url}/`)
      await waitForState(page, 'open')
      await ask(page, 'Are you there?')
      await waitForTokens(page, 5)
      await page.context().setOffline(true)
      proxy.cut()
      await waitForState(page, 'reconnecting')
      await page.context().setOffline(false)
      await waitForTokens(page, 30)
      proxy.cut()
      await waitForState(page, 'open')
      expect(await answer(page)).toBe(await kept(page))
    } finally {
      await proxy.close()
    }
  })

  test('Stop stops the answer in all windows, and the model', async () => {
    await slowDown()
    const page = await visit.open()
    const other = await visit.open(new URL(page.url()).search)
    await waitForState(other, 'open')
    await ask(page, 'How long does it take?')
    await waitForTokens(page, 5)
    await other.getByRole('button', { name: 'Stop' }).click()
    for (const one of [page, other]) await one.getByText('stopped', { exact: true }).waitFor()
    const text = await answer(page)
    expect(await answer(other)).toBe(text)
    expect(text.split(' ').length).toBeLessThan(60)
    // After Stop the model may have sent at most the token that was on its way.
    expect((await kept(page)).split(' ').length).toBeLessThanOrEqual(text.split(' ').length + 1)
    await page.getByRole('button', { name: 'Ask again' }).click()
    await waitForTokens(other, 5)
    await waitForTokens(page, 5)
  })

  test('after its ttl the route of an answer is a 404, and the chat has the saved answer', async () => {
    const server = await start({ TTL_MS: '50', TOKEN_MS: '1' })
    try {
      const url = `${server.url}/chats/c`
      expect((await fetch(`${url}/none/answer`)).status).toBe(404)
      const request = {
        method: 'PUT',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ prompt: 'How long?' }),
      }
      expect((await fetch(`${url}/m`, request)).status).toBe(201)
      while ((await fetch(`${url}/m/answer`)).status !== 404) await sleep(20)
      const { messages } = (await (await fetch(url)).json()) as { messages: object[] }
      expect(messages).toEqual([
        expect.objectContaining({ id: 'm', answer: expect.stringMatching(/^You asked: “How long\?”.*\.$/s) }),
      ])
    } finally {
      await server.kill()
    }
  })

  test('ends at Ctrl-C in the middle of an answer', async () => {
    await slowDown()
    const page = await visit.open()
    await ask(page, 'Are you there?')
    await waitForTokens(page, 2)
    expect(await visit.server.interrupt()).toBe(0)
    await page.getByText('stopped', { exact: true }).waitFor()
  })

  test('on Redis the answer survives a restart of its server; a lost answer can be requested again', async () => {
    const redis = await RedisServer.start()
    const env = { REDIS_URL: `redis://127.0.0.1:${redis.port}`, LEASE_MS: '3000' }
    try {
      await visit.server.kill()
      const first = await start(env)
      visit.server = first
      const page = await visit.open()
      await waitForState(page, 'open')
      await ask(page, 'Shall we meet again?')
      await waitForTokens(page, 5)
      const ended = first.terminate()
      visit.server = await start({ ...env, TOKEN_MS: slow }, first.port)
      await page.reload()
      await waitForTokens(page, 10)
      await waitForState(page, 'open')
      const text = await kept(page)
      expect(text).toMatch(/^You asked: “Shall we meet again\?”.*\.$/s)
      expect(await answer(page)).toBe(text)
      expect(await ended).toBe(0)

      await ask(page, 'And now?')
      await waitForTokens(page, 5)
      await visit.server.kill()
      visit.server = await start(env, first.port)
      await page.getByText('lost', { exact: true }).waitFor()
      await page.getByRole('button', { name: 'Ask again' }).click()
      await waitForTokens(page, 70)
      await waitForState(page, 'open')
      expect(await answer(page)).toMatch(/^You asked: “And now\?”.*\.$/s)
    } finally {
      await visit.server.kill()
      await redis.close()
    }
  })

  /** A machine may need seconds to press a button: the answer must not be over by then. */
  async function slowDown(tokenMs = slow): Promise<void> {
    await visit.server.kill()
    visit.server = await start({ TOKEN_MS: tokenMs })
  }

  async function ask(page: Page, prompt: string): Promise<void> {
    await page.getByLabel('Message').fill(prompt)
    await page.getByRole('button', { name: 'Send' }).click()
    await page.getByRole('heading', { name: prompt }).waitFor()
  }

  async function waitForTokens(page: Page, count: number): Promise<void> {
    await page.waitForFunction(
      `document.querySelector('article:last-child .text')?.textContent.split(' ').length >= ${count}`,
    )
  }

  async function answer(page: Page): Promise<string> {
    return (await page.locator('article:last-child .text').textContent()) ?? ''
  }

  /** The answer to the newest question, once the app has saved it. */
  async function kept(page: Page): Promise<string> {
    const chat = new URL(page.url()).searchParams.get('chat')
    for (;;) {
      const response = await fetch(`${visit.server.url}/chats/${chat}`)
      const { messages } = (await response.json()) as { messages: { answer?: string }[] }
      const text = messages.at(-1)?.answer
      if (text !== undefined) return text
      await sleep(50)
    }
  }
}
