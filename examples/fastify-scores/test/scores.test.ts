import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser, Page } from 'playwright-core'
import { launchChromium } from '../../../test/browser/chromium.ts'
import { CuttingProxy } from '../../../test/browser/cutting-proxy.ts'
import { ExampleServer } from '../../../test/browser/example-server.ts'

const minuteMs = 25
/** There is no second round, so that pages can be compared. */
const env = { MINUTE_MS: String(minuteMs), PAUSE_MINUTES: '1000000' }

let browser: Browser
let server: ExampleServer
let page: Page
let pageErrors: Error[]

beforeAll(async () => {
  browser = await launchChromium()
})

beforeEach(async () => {
  server = await ExampleServer.start('fastify-scores', env)
  page = await browser.newPage()
  pageErrors = []
  page.on('pageerror', (error) => pageErrors.push(error))
})

afterEach(async () => {
  await server?.kill()
  for (const context of browser.contexts()) await context.close()
  // For example, an event of a match that is not shown.
  expect(pageErrors).toEqual([])
})

afterAll(() => browser?.close())

test('a page opened in the middle of a match misses nothing, however long its stream takes to open', async () => {
  await page.goto(server.url)
  await waitForMinute(10)
  await page.route('**/events*', async (route) => {
    await sleep(30 * minuteMs)
    await route.continue()
  })
  await page.reload()
  expect((await matches(page))[0]?.incidents.at(-1)).toBe('1′ Kick-off')
  await expectTheTruth()
})

test('an incident that arrives twice is shown once', async () => {
  await page.goto(server.url)
  const cursor = await page.locator('body').getAttribute('data-cursor')
  await waitForMinute(30)
  await page.route('**/events*', (route) =>
    route.continue({ headers: { ...route.request().headers(), 'last-event-id': cursor ?? '' } }),
  )
  await page.reload()
  await expectTheTruth()
})

test('a connection that dies loses nothing', async () => {
  const proxy = await CuttingProxy.start(server.port)
  await page.goto(proxy.url)
  await waitForMinute(5)
  proxy.cut()
  await waitForState('reconnecting')
  await waitForState('open')
  await expectTheTruth()
  await page.close()
  await proxy.close()
})

test('announces a goal', async () => {
  await page.goto(server.url)
  await page.locator('#goals[aria-live=polite] li').first().waitFor()
  const [id, text] = await page.evaluate<[string, string]>(`(() => {
    const { dataset, textContent } = document.querySelector('#goals li')
    return [dataset.id, textContent]
  })()`)
  expect(text).toMatch(/^\S.* \d+–\d+ .*\S Goal: \w+, .+ \d+′$/)
  // What happens all the time is not announced.
  expect(await page.locator('.match [aria-live], .match[aria-live], .match [role=status]').count()).toBe(0)

  const match = page.locator('.match').filter({ has: page.locator(`[data-id="${id}"]`) })
  await match.getByText('Full time').first().waitFor()
  const scored = await match.locator('.goal').count()
  const [home = 0, away = 0] = (await match.locator('.goals').textContent())?.split('–').map(Number) ?? []
  expect(home + away).toBe(scored)
})

test('a link shows one match alone, with a stream for it', async () => {
  await page.goto(server.url)
  await waitForState('open')
  const request = page.waitForRequest('**/events*')
  await page.getByRole('link', { name: 'Pitch 2' }).click()
  expect(new URL((await request).url()).searchParams.get('match')).toBe('2')
  expect(await page.getByRole('link', { name: 'Pitch 2' }).getAttribute('aria-current')).toBe('page')
  expect(await page.locator('.match').count()).toBe(1)
  await expectTheTruth('?match=2')
})

test('starts the next round without incidents', async () => {
  await server.kill()
  server = await ExampleServer.start('fastify-scores', { MINUTE_MS: '20', PAUSE_MINUTES: '200' })
  await page.goto(server.url)
  // A slow machine may see the page only in a later round, and the next one may begin at any moment.
  const round = await page.locator('#match-1').getAttribute('data-round')
  const counts = await page.waitForFunction(`(() => {
    const match = document.querySelector('#match-1')
    const count = (name) => match.querySelectorAll(name).length
    return Number(match.dataset.round) > ${round} && count('.end') > 0 && [count('.kick-off'), count('.end')]
  })()`)
  expect(await counts.jsonValue()).toEqual([1, 1])
})

test('reloads after a restart of the server', async () => {
  await page.goto(server.url)
  await waitForMinute(30)
  await server.kill()
  await waitForState('reconnecting')
  const loaded = page.waitForEvent('load')
  server = await ExampleServer.start('fastify-scores', env, server.port)
  await loaded
  await waitForState('open')
  await expectTheTruth()
})

test('ends at Ctrl-C while the page is open', async () => {
  await page.goto(server.url)
  await waitForState('open')
  expect(await server.interrupt()).toBe(0)
  await waitForState('reconnecting')
})

/** At the end of the matches the page shows the same as a page that is loaded now. */
async function expectTheTruth(path = ''): Promise<void> {
  const matchesShown = await page.locator('.match').count()
  await page.waitForFunction(`document.querySelectorAll('.match .end').length === ${matchesShown}`)
  const fresh = await browser.newPage({ javaScriptEnabled: false })
  await fresh.goto(`${server.url}/${path}`)
  const truth = await matches(fresh)
  expect(truth).toHaveLength(matchesShown)
  for (const { clock, incidents } of truth) {
    expect(clock).toBe('Full time')
    expect(incidents.at(-1)).toBe('1′ Kick-off')
  }
  expect(await matches(page)).toEqual(truth)
  expect(await page.locator('#goals').innerText()).toBe(await fresh.locator('#goals').innerText())
}

interface ShownMatch {
  teams: string
  clock: string
  goals: string
  incidents: string[]
}

async function matches(page: Page): Promise<ShownMatch[]> {
  const text = async (selector: string) => page.locator(`.match ${selector}`).allInnerTexts()
  const [teams, clocks, goals] = [await text('h2'), await text('.clock'), await text('.goals')]
  return Promise.all(
    teams.map(async (names, i) => ({
      teams: names,
      clock: clocks[i] ?? '',
      goals: goals[i] ?? '',
      incidents: (await page.locator('.match').nth(i).locator('li').allTextContents()).map((line) =>
        line.replace(/\s+/g, ' '),
      ),
    })),
  )
}

async function waitForMinute(atLeast: number): Promise<void> {
  // On a busy machine a match may be over before its page is there.
  await page.waitForFunction(`(() => {
    const clock = document.querySelector('#match-1 .clock').textContent
    return clock === 'Full time' || Number.parseInt(clock) >= ${atLeast}
  })()`)
}

async function waitForState(state: string): Promise<void> {
  await page.locator(`body[data-state="${state}"]`).waitFor()
}
