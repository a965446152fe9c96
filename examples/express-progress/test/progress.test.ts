import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '@downstream/testing'
import type { Page, Route } from 'playwright-core'
import { CuttingProxy } from '../../../test/browser/cutting-proxy.ts'
import { ExampleServer } from '../../../test/browser/example-server.ts'
import { visitExample, waitForState } from '../../../test/browser/visit-example.ts'

const folder = mkdtempSync(join(tmpdir(), 'express-progress-'))
const steps = join(folder, 'steps')
afterAll(() => rmSync(folder, { recursive: true }))

/** The job has finished as many photos as the test has allowed, however long everything else takes. */
const visit = visitExample(() => {
  allow(0)
  const gate = `--import=${join(__dirname, 'gated-steps.mjs')}`
  return ExampleServer.start('express-progress', { STEPS: steps, NODE_OPTIONS: gate })
})

test('shows the result of a job, and does not reconnect', async () => {
  await speedUp()
  const page = await visit.open()
  let asked = 0
  page.on('request', (request) => {
    if (request.url().includes('/events')) asked++
  })
  await page.getByRole('button', { name: 'Start' }).click()
  await waitForReport(page, 'Done: 24 of 24 photos.')
  expect(await finishedOf(page)).toBe(24)
  expect(await page.locator('#percent').textContent()).toBe('100 %')
  // The server ends the stream after a second. A browser that has not closed it would reconnect after another second.
  await sleep(2_500)
  expect(asked).toBe(1)
  await waitForState(page, 'idle')
  await page.reload()
  await waitForReport(page, 'Done: 24 of 24 photos.')
})

test('a job continues while its page is reloaded or closed', async () => {
  const page = await startJob()
  const address = page.url()
  const id = idOf(page)
  allow(2)
  await waitForFinished(page, 2)
  expect(await page.getByRole('button', { name: 'Start' }).getAttribute('aria-disabled')).toBe('true')
  await page.reload()
  await waitForState(page, 'open')
  await waitForFinished(page, 2)
  allow(3)
  await waitForFinished(page, 3)

  await page.close()
  allow(5)
  // The events of the finished photos, and the list of all photos.
  await eventually('the job to continue', async () => (await jobOf(id)).events === 6)
  const later = await visit.open(`/${new URL(address).search}`)
  await waitForState(later, 'open')
  await waitForFinished(later, 5)
})

test('a connection that is lost in the middle loses nothing', async () => {
  const proxy = await CuttingProxy.start(Number(new URL(visit.server.url).port))
  try {
    const page = await startJob()
    await page.goto(`${proxy.url}/${new URL(page.url()).search}`)
    await waitForState(page, 'open')
    allow(2)
    await waitForFinished(page, 2)
    const comingBack = await cut(proxy, page)
    await waitForState(page, 'reconnecting')
    allow(4)
    await eventually('the job to continue', async () => (await jobOf(idOf(page))).events === 5)
    await comingBack.continue()
    await waitForState(page, 'open')
    allow(6)
    await waitForFinished(page, 6)
  } finally {
    await proxy.close()
  }
})

test('a page that was offline at the end gets the result', async () => {
  const proxy = await CuttingProxy.start(Number(new URL(visit.server.url).port))
  try {
    const page = await startJob()
    await page.goto(`${proxy.url}/${new URL(page.url()).search}`)
    await waitForState(page, 'open')
    const comingBack = await cut(proxy, page)
    const job = `${visit.server.url}/jobs/${idOf(page)}`
    await fetch(job, { method: 'DELETE' })
    await comingBack.continue()
    await waitForCancelled(page)
    await waitForState(page, 'idle')
  } finally {
    await proxy.close()
  }
})

test('Cancel stops the work', async () => {
  const page = await startJob()
  allow(1)
  await waitForFinished(page, 1)
  await page.getByRole('button', { name: 'Cancel' }).click()
  await waitForCancelled(page)
  allow(24)
  await sleep(500)
  expect(await finishedOf(page)).toBe(1)
  // The event of the finished photo, and the list of all photos.
  expect(await jobOf(idOf(page))).toMatchObject({ status: 'stopped', events: 2 })
  await waitForState(page, 'idle')
})

test('a failure is shown, and the next job starts from the beginning', async () => {
  await speedUp()
  const page = await visit.open()
  await page.getByLabel('Let it fail on the way').check()
  await page.getByRole('button', { name: 'Start' }).click()
  await waitForReport(page, 'Failed after 15 of 24 photos: IMG_2056.jpg is damaged.')
  expect(await finishedOf(page)).toBe(15)
  await page.getByLabel('Let it fail on the way').uncheck()
  await page.getByRole('button', { name: 'Start' }).click()
  await waitForReport(page, 'Done: 24 of 24 photos.')
})

test('a client that reconnects after the end gets a 204', async () => {
  await speedUp()
  const started = await fetch(`${visit.server.url}/jobs`, { method: 'POST' })
  expect(started.status).toBe(202)
  const job = visit.server.url + started.headers.get('location')
  await started.text()

  const first = await (await fetch(`${job}/events`)).text()
  const [, id = ''] = /event: end\nid: (\S+)\ndata: \{"status":"done"\}/.exec(first) ?? []
  expect(id).toMatch(/-26$/)
  const events = (text: string) => text.match(/^event: \w+$/gm)
  const late = await (await fetch(`${job}/events`)).text()
  expect(events(late)).toEqual(events(first))
  expect(events(late)).toHaveLength(26)
  const again = await fetch(`${job}/events`, { headers: { 'Last-Event-ID': id } })
  expect(events(await again.text())).toEqual(['event: end'])
})

test('reports that a job does not exist', async () => {
  const page = await visit.open('/?job=nonsense')
  await waitForReport(page, 'This job does not exist, or no longer exists.')
  await waitForState(page, 'idle')
})

test('ends at Ctrl-C while a job runs, and notifies its page', async () => {
  const page = await startJob()
  allow(1)
  await waitForFinished(page, 1)
  expect(await visit.server.interrupt()).toBe(0)
  await waitForCancelled(page)
})

function allow(count: number): void {
  writeFileSync(steps, String(count))
}

/** Cuts the connections, and holds the page's next request for events. */
async function cut(proxy: CuttingProxy, page: Page): Promise<Route> {
  const held = new Promise<Route>((resolve) => {
    void page.route('**/events*', resolve)
  })
  proxy.cut()
  return held
}

/** Without a gate: the job runs by the clock. */
async function speedUp(): Promise<void> {
  await visit.server.kill()
  visit.server = await ExampleServer.start('express-progress', { STEP_MS: '20' })
}

async function startJob(): Promise<Page> {
  const page = await visit.open()
  await page.getByRole('button', { name: 'Start' }).click()
  await waitForState(page, 'open')
  return page
}

function idOf(page: Page): string {
  return String(new URL(page.url()).searchParams.get('job'))
}

async function jobOf(id: string): Promise<{ status: string; events: number }> {
  const response = await fetch(`${visit.server.url}/jobs/${id}`)
  return (await response.json()) as { status: string; events: number }
}

function finishedOf(page: Page): Promise<number> {
  return page.locator('.finished').count()
}

async function waitForFinished(page: Page, count: number): Promise<void> {
  await page.waitForFunction(`document.querySelectorAll('.finished').length >= ${count}`)
}

async function waitForReport(page: Page, text: string): Promise<void> {
  await page.getByRole('status').getByText(text, { exact: true }).waitFor()
}

async function waitForCancelled(page: Page): Promise<void> {
  await page
    .getByRole('status')
    .getByText(/^Cancelled after \d+ of 24 photos\.$/)
    .waitFor()
}
