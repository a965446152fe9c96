import type { Browser, Page, Response } from 'playwright-core'

/** An item of the list of events, as it was added. */
interface Item {
  label: string
  text: string
  id: string
}

/** Records what is added to the list of events, which drops the oldest. It runs in the page, like all strings here. */
const recorder = `
  const items = window.items = []
  const textOf = (item, selector) => item.querySelector(selector)?.textContent ?? ''
  addEventListener('DOMContentLoaded', () => {
    new MutationObserver((changes) => {
      for (const item of changes.flatMap(({ addedNodes }) => [...addedNodes])) {
        const [label, text, id] = ['.label', '.text', '.id'].map((selector) => textOf(item, selector))
        items.push({ label, text: text || item.textContent, id })
      }
    }).observe(document.querySelector('#events'), { childList: true })
  })`

/** The page of the example in a browser. */
export class ExamplePage {
  readonly page: Page
  /** The responses to its requests for a stream. */
  readonly streams: Response[] = []
  /** Streams that broke instead of ending normally. */
  readonly broken: (string | undefined)[] = []

  static async open(browser: Browser, url: string): Promise<ExamplePage> {
    const page = await browser.newPage()
    page.setDefaultTimeout(60_000)
    await page.addInitScript(recorder)
    const examplePage = new ExamplePage(page)
    await page.goto(url)
    await examplePage.waitForState('open')
    return examplePage
  }

  private constructor(page: Page) {
    this.page = page
    const isStream = (request: { url(): string }) => request.url().includes('/events?')
    page.on('response', (response) => {
      if (isStream(response)) this.streams.push(response)
    })
    page.on('requestfailed', (request) => {
      if (isStream(request)) this.broken.push(request.failure()?.errorText)
    })
  }

  /** How often nginx has told it to reconnect because no process was available. */
  get turnedAway(): number {
    return this.streams.filter((response) => response.headers()['cache-control'] === 'no-store').length
  }

  items(): Promise<Item[]> {
    return this.page.evaluate('items')
  }

  /** The chat. */
  async lines(): Promise<Item[]> {
    return (await this.items()).filter(({ label }) => label === 'You' || label === 'Page')
  }

  /** Its counts: missing, repeated, gaps. */
  async faults(): Promise<number[]> {
    return [await this.number('missing'), await this.number('repeated'), await this.number('gaps')]
  }

  async number(id: string): Promise<number> {
    return Number(await this.page.locator(`#${id}`).textContent())
  }

  async pidOf(name: string): Promise<number> {
    return Number((await this.#condition(name).textContent())?.replace('up, pid ', ''))
  }

  async isServedBy(name: string): Promise<boolean> {
    await this.waitForState('open')
    return (await this.page.locator('#served').textContent()) === `Served by ${name}`
  }

  async say(text: string): Promise<void> {
    const input = this.page.getByLabel('Say something to all pages')
    await input.fill(text)
    await input.press('Enter')
  }

  async press(name: string): Promise<void> {
    await this.page.getByRole('button', { name }).click()
  }

  /** Waits for an item whose text begins with this. */
  async waitForItem(text: string): Promise<void> {
    await this.page.waitForFunction(`items.some(({ text }) => text.startsWith(${JSON.stringify(text)}))`)
  }

  async waitForMore(count: number): Promise<void> {
    const received = await this.number('received')
    await this.page.waitForFunction(
      `Number(document.querySelector('#received').textContent) >= ${received + count}`,
    )
  }

  /** Waits until it shows that the process is up with a pid other than this. */
  async waitForOther(name: string, pid: number): Promise<void> {
    await this.#condition(name)
      .filter({ hasText: /^up, pid \d+$/, hasNotText: `up, pid ${pid}` })
      .waitFor()
    await this.waitForState('open')
  }

  async waitForState(state: string): Promise<void> {
    await this.page.locator(`body[data-state="${state}"]`).waitFor()
  }

  #condition(name: string) {
    return this.page.locator(`[data-name="${name}"] .condition`)
  }
}
