import type { Page } from 'playwright-core'
import { CuttingProxy } from '../../../test/browser/cutting-proxy.ts'
import { ExampleServer } from '../../../test/browser/example-server.ts'
import { visitExample, waitForState } from '../../../test/browser/visit-example.ts'

// An answer has about seventy tokens, which take five seconds, or more than a minute after slowDown().
const visit = visitExample(() => ExampleServer.start('express-ai-sdk', { TOKEN_MS: '60' }))

test('a reload in the middle and a second tab show the whole answer, nothing twice', async () => {
  const page = await visit.open()
  await ask(page, 'Will you stay?')
  await waitForWords(page, 5)
  const other = await visit.open(new URL(page.url()).search)
  await waitForWords(other, 5)
  await page.reload()
  await waitForWords(page, 10)
  await page.reload()
  await waitForState(page, 'idle')
  await waitForState(other, 'idle')
  const text = await kept(page)
  expect(text).toMatch(/^( [A-Z][a-z ]+\.){18}$/)
  expect(await answers(page)).toEqual([text])
  expect(await answers(other)).toEqual([text])
  await other.reload()
  await waitForState(other, 'idle')
  expect(await answers(other)).toEqual([text])
})

test('a time offline loses nothing, and the next question continues from there', async () => {
  await slowDown('200')
  const proxy = await CuttingProxy.start(Number(new URL(visit.server.url).port))
  try {
    const page = await visit.open()
    await page.goto(`${proxy.url}/`)
    await ask(page, 'Are you there?')
    await waitForWords(page, 5)
    await page.context().setOffline(true)
    proxy.cut()
    await waitForState(page, 'reconnecting')
    await page.context().setOffline(false)
    await waitForState(page, 'answering')
    await waitForState(page, 'idle')
    const first = await kept(page)
    expect(await answers(page)).toEqual([first])
    await ask(page, 'And now?')
    await waitForWords(page, 5)
    await waitForState(page, 'idle')
    expect(await answers(page)).toEqual([first, await kept(page)])
  } finally {
    await proxy.close()
  }
})

test('Stop ends the answer in both tabs, and stops the model', async () => {
  await slowDown('1000')
  const page = await visit.open()
  await ask(page, 'How long?')
  await waitForWords(page, 5)
  const other = await visit.open(new URL(page.url()).search)
  await waitForWords(other, 5)
  await other.getByRole('button', { name: 'Stop' }).click()
  for (const one of [page, other]) await waitForState(one, 'idle')
  const [text = ''] = await answers(page)
  expect(await answers(other)).toEqual([text])
  expect(text.split(' ').length).toBeLessThan(60)
  // After Stop the model may have sent at most the token that was on its way.
  expect((await kept(page)).split(' ').length).toBeLessThanOrEqual(text.split(' ').length + 1)
})

test('ends at Ctrl-C in the middle of an answer', async () => {
  await slowDown('1000')
  const page = await visit.open()
  await ask(page, 'Are you there?')
  await waitForWords(page, 2)
  expect(await visit.server.interrupt()).toBe(0)
})

/** A machine may need seconds to press a button: the answer must not be over by then. */
async function slowDown(tokenMs: string): Promise<void> {
  await visit.server.kill()
  visit.server = await ExampleServer.start('express-ai-sdk', { TOKEN_MS: tokenMs })
}

async function ask(page: Page, prompt: string): Promise<void> {
  await page.getByLabel('Message').fill(prompt)
  await page.getByRole('button', { name: 'Send' }).click()
  await page.getByText(prompt, { exact: true }).waitFor()
}

async function waitForWords(page: Page, count: number): Promise<void> {
  await page.waitForFunction(
    `document.querySelector('main .assistant:last-child')?.textContent.split(' ').length > ${count}`,
  )
}

function answers(page: Page): Promise<string[]> {
  return page.locator('.assistant').allTextContents()
}

/** The newest answer, once the app has saved it. */
async function kept(page: Page): Promise<string> {
  const chat = new URL(page.url()).searchParams.get('chat')
  for (;;) {
    const response = await fetch(`${visit.server.url}/api/chat/${chat}`)
    const messages = (await response.json()) as { role: string; parts: { text?: string }[] }[]
    const message = messages.at(-1)
    if (message?.role === 'assistant') return message.parts.map(({ text }) => text ?? '').join('')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
