import { setTimeout as sleep } from 'node:timers/promises'
import type { Page, Route } from 'playwright-core'
import { CuttingProxy } from '../../../test/browser/cutting-proxy.ts'
import { ExampleServer } from '../../../test/browser/example-server.ts'
import { visitExample, waitForState } from '../../../test/browser/visit-example.ts'

/** Jobs take about half a minute: long enough for everything that happens to them in the tests. */
const visit = visitExample(() => ExampleServer.start('express-progress', { STEP_MS: '1200' }))

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
  await waitForFinished(page, 2)
  expect(await page.getByRole('button', { name: 'Start' }).getAttribute('aria-disabled')).toBe('true')
  const before = await finishedOf(page)
  expect(before).toBeLessThan(24)
  await page.reload()
  await waitForState(page, 'open')
  await waitForFinished(page, before)
  await waitForFinished(page, before + 1)

  await page.close()
  const later = await visit.open(`/${new URL(address).search}`)
  await waitForState(later, 'open')
  await waitForFinished(later, before + 2)
})

test('a connection that is lost in the middle loses nothing', async () => {
  const proxy = await CuttingProxy.start(Number(new URL(visit.server.url).port))
  try {
    const page = await startJob()
    await page.goto(`${proxy.url}/${new URL(page.url()).search}`)
    await waitForState(page, 'open')
    const back = page.waitForResponse('**/events*')
    proxy.cut()
    await waitForState(page, 'reconnecting')
    const before = await finishedOf(page)
    await back
    await waitForState(page, 'open')
    await waitForFinished(page, before + 2)
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
    const held = new Promise<Route>((resolve) => {
      void page.route('**/events*', resolve)
    })
    proxy.cut()
    const comingBack = await held
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
  await waitForFinished(page, 1)
  await page.getByRole('button', { name: 'Cancel' }).click()
  await waitForCancelled(page)
  const finished = await finishedOf(page)
  await sleep(2_500)
  // The events of the finished photos, and the list of all photos.
  expect(await jobOf(idOf(page))).toMatchObject({ status: 'stopped', events: finished + 1 })
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
  await waitForFinished(page, 1)
  expect(await visit.server.interrupt()).toBe(0)
  await waitForCancelled(page)
})

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

async function jobOf(id: string): Promise<unknown> {
  const response = await fetch(`${visit.server.url}/jobs/${id}`)
  return response.json()
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
