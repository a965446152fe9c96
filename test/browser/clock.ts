import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser, Page } from 'playwright-core'
import { launchChromium } from './chromium.ts'
import { ExampleServer } from './example-server.ts'

const tickMs = 50
const env = { TICK_MS: String(tickMs) }

/** The tests of a clock example: its server as a separate process, and its page in a real Chromium. */
export function testClock(example: string): void {
  let browser: Browser
  let page: Page
  let server: ExampleServer

  beforeAll(async () => {
    browser = await launchChromium()
  })

  beforeEach(async () => {
    server = await ExampleServer.start(example, env)
    page = await (await browser.newContext()).newPage()
    await page.goto(server.url)
    await waitForState('open')
  })

  afterEach(async () => {
    await server?.kill()
    await page?.context().close()
  })

  afterAll(() => browser?.close())

  test('shows time, notification and status', async () => {
    await waitForTick(11)
    expect(await text('#time')).toMatch(/^\d\d:\d\d:\d\d$/)
    // The newest first. By now there may be later ones in place of the first.
    const shown = await page.locator('#notifications li').allTextContents()
    const newest = Number(/#(\d+)$/.exec(shown[0] ?? '')?.[1]) / 5
    const expected = [
      'The kettle has boiled',
      'A parcel is at the door',
      'The laundry is done',
      'Dinner is on the table',
    ]
    expect(newest).toBeGreaterThanOrEqual(2)
    expect(shown.slice(0, 3)).toEqual(
      [0, 1, 2].map((n) => `${expected[(newest - n) % 4]} #${(newest - n) * 5}`),
    )
    expect(await text('#uptime')).toMatch(/^\d+ s$/)
    expect(await text('#open-streams')).toBe('1')
    expect(await text('#memory')).toMatch(/^\d+ MB$/)
  })

  test('Stop stops, and Start resumes where it stopped', async () => {
    await waitForTick(1)
    await page.getByRole('button', { name: 'Stop' }).click()
    await waitForState('stopped')
    const stoppedAt = await tick()
    await sleep(10 * tickMs)
    expect(await tick()).toBe(stoppedAt)

    await page.getByRole('button', { name: 'Start' }).click()
    await waitForState('open')
    await waitForTick(stoppedAt + 1)
    expect(await text('#resumed')).toBe(`resumed after #${stoppedAt}`)
  })

  test('hidden tabs close their streams, so that ten tabs work', async () => {
    for (let tabs = 1; tabs < 10; tabs++) {
      await hide(true)
      await waitForState('paused')
      page = await page.context().newPage()
      await page.goto(server.url)
      await waitForState('open')
    }
    await hide(true)
    await waitForState('paused')
    const last = await tick()
    await hide(false)
    await waitForState('open')
    await waitForTick(last + 1)
    expect(await text('#resumed')).toBe(`resumed after #${last}`)
  })

  test('reconnects to a server that was killed and restarted, and resumes where it was', async () => {
    await waitForTick(3)
    await server.kill()
    await waitForState('reconnecting')
    const lastSeen = await tick()

    const reconnected = page.waitForResponse('**/events*')
    server = await ExampleServer.start(example, env, server.port)
    const response = await reconnected
    expect(await response.request().allHeaders()).toMatchObject({ 'last-event-id': String(lastSeen) })
    await waitForState('open')
    await waitForTick(lastSeen + 1)
    expect(await text('#resumed')).toBe(`resumed after #${lastSeen}`)
  })

  test('ends at Ctrl-C while the page is open', async () => {
    // Browsers open spare connections, for which server.close() alone would wait.
    const spare = connect(server.port, 'localhost')
    await once(spare, 'connect')
    expect(await server.interrupt()).toBe(0)
    spare.destroy()
    await waitForState('reconnecting')
  })

  async function hide(hidden: boolean): Promise<void> {
    await page.evaluate(`
      Object.defineProperty(document, 'hidden', { configurable: true, value: ${hidden} })
      document.dispatchEvent(new Event('visibilitychange'))
    `)
  }

  async function text(selector: string): Promise<string> {
    return (await page.locator(selector).textContent()) ?? ''
  }

  async function tick(): Promise<number> {
    return Number((await text('#tick')).replace('Tick #', ''))
  }

  async function waitForTick(atLeast: number): Promise<void> {
    await page.waitForFunction(`Number(document.querySelector('#tick').textContent.slice(6)) >= ${atLeast}`)
  }

  async function waitForState(state: string): Promise<void> {
    await page.locator(`body[data-state="${state}"]`).waitFor()
  }
}
