import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { chromiumPath, howToInstall } from '../../scripts/test-parts.mjs'

const tickMs = 50

type Server = ChildProcessByStdio<null, Readable, null>

/** The tests of a clock example: its own server as a process, and its page in a real Chromium. */
export function testClock(example: string): void {
  let browser: Browser
  let page: Page
  let server: Server
  let port: number

  beforeAll(async () => {
    browser = await launchChromium()
  })

  beforeEach(async () => {
    port = await freePort()
    server = startServer(example, port)
    await waitForAddress()
    page = await browser.newPage()
    page.setDefaultTimeout(10_000)
    await page.goto(`http://localhost:${port}`)
    await waitForState('open')
  })

  afterEach(async () => {
    if (server) await kill(server)
    await page?.close()
  })

  afterAll(() => browser?.close())

  test('shows time, notification and status, each in its own way', async () => {
    await waitForTick(11)
    expect(await text('#time')).toMatch(/^\d\d:\d\d:\d\d$/)
    expect(await page.locator('#notifications li').allTextContents()).toEqual([
      'The laundry is done #10',
      'A parcel is at the door #5',
      'The kettle has boiled #0',
    ])
    expect(await text('#uptime')).toMatch(/^\d+ s$/)
    expect(await text('#open-streams')).toBe('1')
    expect(await text('#memory')).toMatch(/^\d+ MB$/)
  })

  test('Stop stops, and Start goes on where it stopped', async () => {
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

  test('finds a server that was killed and restarted, and goes on where it was', async () => {
    await waitForTick(3)
    await kill(server)
    await waitForState('reconnecting')
    const lastSeen = await tick()

    server = startServer(example, port)
    const [response] = await Promise.all([page.waitForResponse('**/events*'), waitForAddress()])
    expect(await response.request().allHeaders()).toMatchObject({ 'last-event-id': String(lastSeen) })
    await waitForState('open')
    await waitForTick(lastSeen + 1)
    expect(await text('#resumed')).toBe(`resumed after #${lastSeen}`)
  })

  test('ends at Ctrl-C while the page is open', async () => {
    // Browsers open spare connections, which server.close() alone waits for.
    const spare = connect(port, 'localhost')
    await once(spare, 'connect')
    const exited = once(server, 'exit', { signal: AbortSignal.timeout(5_000) })
    server.kill('SIGINT')
    expect(await exited).toEqual([0, null])
    spare.destroy()
    await waitForState('reconnecting')
  })

  async function waitForAddress(): Promise<void> {
    const [line] = await Promise.race([once(server.stdout, 'data'), once(server, 'exit')])
    expect(String(line)).toBe(`http://localhost:${port}\n`)
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
    await page.locator('#state').getByText(state, { exact: true }).waitFor()
  }
}

async function launchChromium(): Promise<Browser> {
  const executablePath = chromiumPath()
  if (!executablePath) throw new Error(`Chromium is missing. To install it: ${howToInstall('chromium')}`)
  const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync']
  return chromium.launch({
    executablePath,
    args: [...flags, '--disable-background-networking', '--disable-component-update'],
  })
}

/** As the example's `npm start` does, but on the sources of our packages, and without a process in between. */
function startServer(example: string, port: number): Server {
  const args = ['--conditions=@downstream/source', '--import', 'tsx', 'src/server.ts']
  return spawn(process.execPath, args, {
    cwd: fileURLToPath(new URL(`../../examples/${example}`, import.meta.url)),
    env: { ...process.env, PORT: String(port), TICK_MS: String(tickMs) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

async function kill(server: Server): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  const exited = once(server, 'exit')
  server.kill('SIGKILL')
  await exited
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}
