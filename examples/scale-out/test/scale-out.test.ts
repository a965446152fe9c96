import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser } from 'playwright-core'
import { launchChromium } from '../../../test/browser/chromium.ts'
import { ExamplePage } from './example-page.ts'
import { RunningExample } from './running-example.ts'
import { Visit, Visitors } from './visitors.ts'

const names = ['express-1', 'express-2', 'fastify-1', 'fastify-2'] as const

let browser: Browser
/** One for all tests; the last test ends it. */
let example: RunningExample
let pages: [ExamplePage, ExamplePage]

beforeAll(async () => {
  browser = await launchChromium()
  // A killed process is restarted only after every page has had time to reconnect.
  example = await RunningExample.start({ NEWS_MS: '100', RESTART_MS: '3000' })
})

beforeEach(async () => {
  await Promise.all(browser.contexts().map((context) => context.close()))
  pages = [await ExamplePage.open(browser, example.url), await ExamplePage.open(browser, example.url)]
})

afterAll(async () => {
  await browser?.close()
  await example?.end()
})

test('when any process is killed, its pages continue in another one and miss nothing', async () => {
  const [page] = pages
  const said: string[] = []
  for (const name of names) {
    const pid = await page.pidOf(name)
    const served = await Promise.all(pages.map((page) => page.isServedBy(name)))
    said.push(`before ${name}`, `after ${name}`)
    await page.say(`before ${name}`)
    await page.press(`Kill ${name}`)
    await page.say(`after ${name}`)
    for (const page of pages.filter((_, index) => served[index]))
      await page.waitForItem(`Moved from ${name} to `)
    for (const page of pages) await page.waitForOther(name, pid)
  }
  for (const page of pages) {
    await page.waitForItem(`after fastify-2`)
    expect((await page.lines()).map(({ text }) => text)).toEqual(said)
    expect(await page.number('moves')).toBeGreaterThan(0)
    expect(page.turnedAway).toBe(0)
  }
  await expectNoLoss()
})

test('when all are killed at once, pages wait, and are served as soon as one is up', async () => {
  const [page] = pages
  const pids = (await example.processes()).map(({ pid }) => pid)
  for (const name of names) await page.press(`Kill ${name}`)
  for (const page of pages) await page.waitForState('reconnecting')
  while ((await example.processes()).some(({ state, pid }) => state !== 'up' || pids.includes(pid)))
    await sleep(20)
  const visit = await Visit.begin(`${example.url}/events`)
  visit.leave()
  expect(visit.isServed).toBe(true)
  for (const page of pages) {
    await page.waitForState('open')
    expect(page.turnedAway).toBeGreaterThan(0)
    // A browser stops after any other status.
    expect(page.streams.filter((response) => response.status() !== 200)).toEqual([])
  }
  await expectNoLoss()
})

test('a restart of all, one after another, loses nothing, and every new page is served', async () => {
  const [page] = pages
  const pids = await Promise.all(names.map((name) => page.pidOf(name)))
  const visitors = new Visitors(`${example.url}/events`)
  try {
    await page.press('Restart all')
    for (const [index, name] of names.entries()) {
      for (const page of pages) await page.waitForOther(name, pids[index] as number)
    }
  } finally {
    await visitors.stop()
  }
  expect(visitors.turnedAway).toBe(0)
  expect(visitors.served).toBeGreaterThan(10)
  for (const page of pages) {
    expect(page.streams.length).toBeGreaterThan(1)
    expect(page.turnedAway).toBe(0)
    // Their streams ended normally.
    expect(page.broken).toEqual([])
  }
  await expectNoLoss()
})

test('a line that any process accepts reaches all pages once, however often it is sent', async () => {
  for (const [index, name] of names.entries()) {
    const post = (line: object) => example.post(index, line)
    const line = { key: name, text: `<b>hello</b> from ${name}` }
    expect(await post(line)).toBe(204)
    expect(await post(line)).toBe(204)
    for (const change of [
      { key: '' },
      { text: ' ' },
      { text: 'x'.repeat(501) },
      { text: {} },
      { key: null },
    ]) {
      expect([change, await post({ ...line, ...change })]).toEqual([change, 400])
    }
  }
  for (const page of pages) {
    await page.waitForItem('<b>hello</b> from fastify-2')
    await page.waitForMore(2)
    expect((await page.lines()).map(({ text, id }) => `${text}, ${id.split('\n')[1]}`)).toEqual(
      names.map((name) => `<b>hello</b> from ${name}, by ${name}`),
    )
  }
  await expectNoLoss()
})

test('counts missing and repeated events, but not those that Redis has never confirmed', async () => {
  const [examplePage] = pages
  const { page } = examplePage
  let stream = ''
  await page.route('**/events?*', (route) =>
    route.fulfill({ contentType: 'text/event-stream', body: stream }),
  )
  const news = (run: string, number: number, confirmed: number) =>
    `event: news\nid: ${run}${number}\ndata: ${JSON.stringify({ run, number, confirmed, text: 'News' })}\n\n`

  stream += `retry: 600000\n\nevent: process\ndata: express-1\n\n${news('a', 5, 4)}${news('a', 6, 5)}`
  // 7 was not confirmed. It may be stored or not.
  stream += `${news('a', 8, 6)}${news('a', 9, 8)}`
  // Another newsroom.
  stream += `${news('b', 1, 0)}${news('b', 2, 1)}`
  await page.reload()
  await page.getByText('#2', { exact: true }).waitFor()
  expect(await examplePage.faults()).toEqual([0, 0, 0])

  stream += `${news('b', 5, 4)}${news('b', 5, 4)}`
  stream += `event: gap\nid: b6\ndata: {"reason":"expired"}\n\n${news('b', 12, 11)}`
  await page.reload()
  await page.getByText('#12', { exact: true }).waitFor()
  expect(await examplePage.faults()).toEqual([2, 1, 1])
  expect(await page.locator('.mark').allTextContents()).toEqual([
    'Events may be missing here (expired)',
    'An event came again (news)',
    '2 missing',
  ])
})

test('Ctrl-C ends all processes while pages are open, and leaves no files', async () => {
  const pids = await example.pids()
  expect(pids).toHaveLength(6)
  expect(pids.filter(isRunning)).toEqual(pids)
  expect(await example.listeningPorts()).toHaveLength(6)
  expect((await example.files())?.names).toContain('redis.sock')

  expect(await example.end()).toMatchObject({ code: 0, leavesFiles: false })
  expect(pids.filter(isRunning)).toEqual([])
  expect(await example.listeningPorts()).toEqual([])
  for (const page of pages) await page.waitForState('reconnecting')
})

/** Checks the counts of the pages, and the items that they have shown. */
async function expectNoLoss(): Promise<void> {
  for (const page of pages) {
    await page.waitForMore(5)
    expect(await page.faults()).toEqual([0, 0, 0])
    const labels = (await page.items()).map(({ label }) => label).filter((label) => label.startsWith('#'))
    const first = Number(labels[0]?.slice(1))
    expect(labels).toEqual(labels.map((_, index) => `#${first + index}`))
  }
  const [first = [], second = []] = (await Promise.all(pages.map((page) => page.items()))).map((items) =>
    items.map(({ id }) => id).filter(Boolean),
  )
  // The second page was opened later, so it starts later. Either may have received more by now.
  const rest = first.slice(first.indexOf(second[0] as string))
  const length = Math.min(rest.length, second.length)
  expect(length).toBeGreaterThan(5)
  expect(second.slice(0, length)).toEqual(rest.slice(0, length))
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
