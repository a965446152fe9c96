import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { launchChromium } from '../../../test/browser/chromium.ts'
import { ExampleServer } from '../../../test/browser/example-server.ts'

/** Sends messages continuously. */
class Robot {
  #stopped = false
  readonly #said = this.#talk()

  /** Resolves with the messages that it has sent. */
  stop(): Promise<string[]> {
    this.#stopped = true
    return this.#said
  }

  async #talk(): Promise<string[]> {
    const said: string[] = []
    while (!this.#stopped) {
      const text = `line ${said.length + 1}`
      if (!(await post('Robot', text))) break
      said.push(`Robot: ${text}`)
      await sleep(40)
    }
    return said
  }
}

let browser: Browser
let robot: Robot | undefined
let server: ExampleServer
let directory: string
let env: { CHAT_FILE: string }

beforeAll(async () => {
  browser = await launchChromium()
})

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'express-chat-'))
  env = { CHAT_FILE: join(directory, 'messages.jsonl') }
  server = await ExampleServer.start('express-chat', env)
})

afterEach(async () => {
  await robot?.stop()
  robot = undefined
  await Promise.all(browser.contexts().map((context) => context.close()))
  await server?.kill()
  await rm(directory, { recursive: true })
})

afterAll(() => browser?.close())

test('all pages show the same lines in one order, and a later page shows the history', async () => {
  const [ada, grace] = await Promise.all([enter('Ada'), enter('Grace')])
  await Promise.all([
    sayAll(ada, ['Hello', 'Is anybody here?', 'I am']),
    sayAll(grace, ['Hi', 'Yes, I am', 'So it seems']),
  ])
  await Promise.all([waitForLines(ada, 6), waitForLines(grace, 6)])
  const lines = await linesOf(ada)
  expect(await linesOf(grace)).toEqual(lines)
  expect(lines.filter((line) => line.startsWith('Ada')).map((line) => line.slice(5))).toEqual([
    'Hello',
    'Is anybody here?',
    'I am',
  ])
  expect(await ada.locator('.own').count()).toBe(3)

  const later = await enter('Linus')
  expect(await linesOf(later)).toEqual(lines)
  await say(later, 'What did I miss?')
  for (const page of [ada, grace, later]) {
    await waitForLines(page, 7)
    expect(await linesOf(page)).toEqual([...lines, 'Linus: What did I miss?'])
  }
})

test('no page loses or repeats a line when the server is killed and restarted', async () => {
  const [ada, grace] = await Promise.all([enter('Ada'), enter('Grace')])
  robot = new Robot()
  await waitForLines(ada, 10)

  await server.kill()
  await Promise.all([waitForState(ada, 'reconnecting'), waitForState(grace, 'reconnecting')])
  await say(grace, 'Is it only me?')
  expect(await grace.locator('#outbox .text').allTextContents()).toEqual(['Is it only me?'])

  const refreshed = [ada, grace].map((page) => page.waitForResponse(isHistory))
  server = await ExampleServer.start('express-chat', env, server.port)
  await Promise.all(refreshed)
  await Promise.all([waitForState(ada, 'open'), waitForState(grace, 'open')])
  const said = await robot.stop()
  // Her page repeats the request once a second, so it may reach the new server only now.
  await grace.locator('#outbox li').waitFor({ state: 'detached' })
  await say(ada, 'It was not.')

  const expected = said.length + 2
  const later = await enter('Linus')
  for (const page of [ada, grace, later]) await waitForLines(page, expected)
  const lines = await linesOf(later)
  expect(lines).toEqual(await linesInFile())
  expect(lines.filter((line) => line.startsWith('Robot'))).toEqual(said)
  expect(lines.filter((line) => line === 'Grace: Is it only me?')).toHaveLength(1)
  expect(lines.at(-1)).toBe('Ada: It was not.')
  for (const page of [ada, grace]) {
    expect(await linesOf(page)).toEqual(lines)
    expect(await page.locator('#outbox li').count()).toBe(0)
  }
})

test('ten tabs of a browser share one connection', async () => {
  const first = await enter('Ada')
  const tabs = [first]
  while (tabs.length < 10) tabs.push(await enter('Ada', first.context()))
  await say(tabs.at(-1) as Page, 'From the tenth tab')
  await say(first, 'And from the first')
  for (const tab of tabs) {
    await waitForLines(tab, 2)
    expect(await linesOf(tab)).toEqual(['Ada: From the tenth tab', 'Ada: And from the first'])
  }
})

test('markup in a name or a message stays text', async () => {
  const page = await enter('Ada')
  const markup = `</p></li><img src=x onerror="document.title='taken over'"><script>document.title='taken over'</script>&amp;`
  expect(await post('<b>"Bobby"</b>', markup)).toBe(true)
  await waitForLines(page, 1)
  for (let reloads = 0; reloads < 2; reloads++) {
    expect(await linesOf(page)).toEqual([`<b>"Bobby"</b>: ${markup}`])
    expect(await page.locator('img, .name *, .text *').count()).toBe(0)
    expect(await page.title()).toBe('Chat')
    await page.reload()
  }
})

test('accepts a message once, and refuses invalid ones', async () => {
  const message = { key: 'a key', name: 'Ada', text: 'Once' }
  expect(await statusOf(message)).toBe(201)
  expect(await statusOf(message)).toBe(201)
  expect(await linesInFile()).toEqual(['Ada: Once'])
  for (const change of [
    { key: '' },
    { name: ' ' },
    { text: 'x'.repeat(2001) },
    { text: 1 },
    { name: null },
  ]) {
    expect(await statusOf({ ...message, key: 'another', ...change })).toBe(400)
  }
  expect(await statusOf({ ...message, padding: 'x'.repeat(20_000) })).toBe(413)
})

test('ends at Ctrl-C while a page is open', async () => {
  const page = await enter('Ada')
  expect(await server.interrupt()).toBe(0)
  await waitForState(page, 'reconnecting')
})

/** @param context - whose tab it is. Default: of somebody new */
async function enter(name: string, context?: BrowserContext): Promise<Page> {
  const page = await (context ?? (await browser.newContext())).newPage()
  await page.goto(server.url)
  await waitForState(page, 'open')
  await page.getByLabel('Name', { exact: true }).fill(name)
  return page
}

async function say(page: Page, text: string): Promise<void> {
  const input = page.getByLabel('Message', { exact: true })
  await input.fill(text)
  await input.press('Enter')
}

async function sayAll(page: Page, texts: string[]): Promise<void> {
  for (const text of texts) await say(page, text)
}

/** As a page does it: repeats the message, with the same key, until there is a response. False: there was none. */
async function post(name: string, text: string): Promise<boolean> {
  const message = { key: randomUUID(), name, text }
  const timeout = AbortSignal.timeout(10_000)
  while (!timeout.aborted) {
    const status = await statusOf(message).catch(() => 0)
    if (status === 201) return true
    await sleep(20)
  }
  return false
}

async function statusOf(message: object): Promise<number> {
  const response = await fetch(`${server.url}/messages`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(message),
  })
  await response.text()
  return response.status
}

function isHistory(response: { url(): string; request(): { method(): string } }): boolean {
  return response.url().endsWith('/messages') && response.request().method() === 'GET'
}

async function linesOf(page: Page): Promise<string[]> {
  const names = await page.locator('#messages .name').allTextContents()
  const texts = await page.locator('#messages .text').allTextContents()
  return names.map((name, index) => `${name}: ${texts[index]}`)
}

async function linesInFile(): Promise<string[]> {
  const lines = (await readFile(env.CHAT_FILE, 'utf8')).trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line)).map(({ name, text }) => `${name}: ${text}`)
}

async function waitForLines(page: Page, count: number): Promise<void> {
  await page.waitForFunction(`document.querySelectorAll('#messages li').length >= ${count}`)
}

async function waitForState(page: Page, state: string): Promise<void> {
  await page.locator(`body[data-state="${state}"]`).waitFor()
}
