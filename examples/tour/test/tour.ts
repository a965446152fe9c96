import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { launchChromium } from '../../../test/browser/chromium.ts'
import { ExampleServer } from '../../../test/browser/example-server.ts'

/** The tour as a process, and a Chromium whose tabs all belong to one visitor. */
export class Tour {
  /** The errors of the pages in the console. */
  readonly problems: string[] = []
  server: ExampleServer
  readonly #browser: Browser
  readonly #speed: number
  #visitor: BrowserContext

  /** @param speed - 1: as a visitor sees it */
  static async start(speed: number): Promise<Tour> {
    const browser = await launchChromium()
    const server = await startServer(speed)
    return new Tour(browser, server, await browser.newContext(), speed)
  }

  private constructor(browser: Browser, server: ExampleServer, visitor: BrowserContext, speed: number) {
    this.#browser = browser
    this.server = server
    this.#visitor = visitor
    this.#speed = speed
  }

  get expressUrl(): string {
    return `http://localhost:${this.server.port}/`
  }

  get fastifyUrl(): string {
    return `http://localhost:${this.server.port + 1}/`
  }

  /** A connected page. */
  async open(url: string = this.expressUrl): Promise<Page> {
    const page = await this.#visitor.newPage()
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) this.problems.push(message.text())
    })
    page.on('pageerror', (error) => this.problems.push(error.message))
    await page.goto(url)
    await waitForState(page, 'live')
    return page
  }

  async openBoth(): Promise<{ express: Page; fastify: Page }> {
    return { express: await this.open(this.expressUrl), fastify: await this.open(this.fastifyUrl) }
  }

  async restartServer(): Promise<void> {
    await this.server.kill()
    this.server = await startServer(this.#speed, this.server.port)
  }

  async closePages(): Promise<void> {
    await this.#visitor.close()
    this.#visitor = await this.#browser.newContext()
    this.problems.length = 0
  }

  async stop(): Promise<void> {
    await this.#browser.close()
    await this.server.kill()
  }
}

export async function waitForState(page: Page, state: string): Promise<void> {
  await page.locator('#state').getByText(state, { exact: true }).waitFor()
}

/** In the chat. */
export async function say(page: Page, text: string): Promise<void> {
  const message = page.getByRole('textbox', { name: 'Message' })
  await message.fill(text)
  await message.press('Enter')
}

/** What is in the element, as a number. */
export async function numberIn(page: Page, selector: string): Promise<number> {
  return Number.parseFloat((await page.locator(selector).textContent()) ?? '')
}

/** Waits until the expression is true in the page. Playwright's own wait needs eval(), which the page does not allow. */
export async function waitUntil(page: Page, expression: string): Promise<void> {
  const deadline = Date.now() + 60_000
  while (!(await page.evaluate(expression))) {
    if (Date.now() > deadline) throw new Error(`Timed out after 60 s: ${expression}`)
    await sleep(20)
  }
}

export async function waitForNumber(page: Page, selector: string, atLeast: number): Promise<void> {
  await waitUntil(page, `Number.parseFloat(document.querySelector('${selector}').textContent) >= ${atLeast}`)
}

function startServer(speed: number, port?: number): Promise<ExampleServer> {
  return ExampleServer.start('tour', { SPEED: String(speed) }, port)
}
