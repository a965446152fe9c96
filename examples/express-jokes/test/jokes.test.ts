import type { Page } from 'playwright-core'
import { CuttingProxy } from '../../../test/browser/cutting-proxy.ts'
import { ExampleServer } from '../../../test/browser/example-server.ts'
import { visitExample, waitForState } from '../../../test/browser/visit-example.ts'
import { jokes } from '../src/jokes.ts'

/** More than the 3 s that Chromium waits by default. */
const retry = 4_000
const visit = visitExample(() => ExampleServer.start('express-jokes', { RETRY_MS: String(retry) }))

test('the browser reconnects after the time that the server has set, and the page shows both times', async () => {
  const page = await openQuick()
  expect(jokes).toContain(await page.locator('#joke').textContent())
  await waitForLog(page, `Closed by the server, which set a retry of ${retry} ms`)
  const last = await page.locator('#joke').textContent()
  await waitForState(page, 'reconnecting')
  const back = page.waitForResponse('**/jokes?*')
  const [, ms, later] = await waitForLog(page, /^Back after (\d+) ms: (\d+) ms later than asked$/)
  expect(Number(ms)).toBe(retry + Number(later))
  await waitForState(page, 'open')
  const headers = await (await back).request().allHeaders()
  expect(jokes[Number(headers['last-event-id'])]).toBe(last)
})

test('Slower and Faster change the rate', async () => {
  const page = await visit.open()
  await waitForState(page, 'open')
  await page.getByText('A joke every 3 s').waitFor()
  for (const [button, every] of [
    ['Faster', 2],
    ['Faster', 1],
    ['Slower', 2],
    ['Slower', 3],
    ['Slower', 5],
    ['Slower', 10],
  ] as const) {
    const asked = page.waitForRequest(`**/jokes?every=${every}&*`)
    await page.getByRole('button', { name: button }).click()
    await asked
    await page.getByText(`A joke every ${every} s`, { exact: true }).waitFor()
    await waitForState(page, 'open')
  }
  expect(await page.getByRole('button', { name: 'Slower' }).getAttribute('aria-disabled')).toBe('true')
  await page.getByRole('button', { name: 'Slower' }).press('Enter')
  expect(await page.locator('#log li').count()).toBe(6)
})

test('the page distinguishes a lost connection from one that the server has closed', async () => {
  const proxy = await CuttingProxy.start(Number(new URL(visit.server.url).port))
  try {
    const page = await visit.open()
    await page.goto(proxy.url)
    await waitForState(page, 'open')
    proxy.cut()
    await waitForLog(page, 'The connection was lost')
    await waitForLog(page, /^Back after \d+ ms$/)
    await waitForState(page, 'open')
  } finally {
    await proxy.close()
  }
})

test('a connection brings three jokes and a retry, then it ends', async () => {
  const response = await fetch(`${visit.server.url}/jokes?every=1`)
  const text = await response.text()
  const told = [...text.matchAll(/^event: joke\nid: (\d+)\ndata: (.+)$/gm)]
  expect(told).toHaveLength(3)
  for (const [, id, data] of told) expect(jokes[Number(id)]).toBe(data)
  expect(text).toMatch(/^event: closing\nretry: 4000\ndata: \{"retry":4000\}\n\n$/m)
})

test('the first joke differs from the last one of the previous connection', async () => {
  for (let visits = 0; visits < 150; visits++) {
    const leaving = new AbortController()
    const response = await fetch(`${visit.server.url}/jokes`, {
      headers: { 'Last-Event-ID': '5' },
      signal: leaving.signal,
    })
    let text = ''
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString()
      if (text.includes('event: joke')) break
    }
    leaving.abort()
    expect(text).not.toContain('id: 5\n')
  }
})

test('ends at Ctrl-C while a page is open', async () => {
  const page = await visit.open()
  await waitForState(page, 'open')
  expect(await visit.server.interrupt()).toBe(0)
  await waitForState(page, 'reconnecting')
})

/** A joke every second. */
async function openQuick(): Promise<Page> {
  const page = await visit.open()
  await page.getByRole('button', { name: 'Faster' }).click()
  await page.getByRole('button', { name: 'Faster' }).click()
  await waitForState(page, 'open')
  await page.waitForFunction(`document.querySelector('#joke').textContent.length > 1`)
  return page
}

async function waitForLog(page: Page, text: string | RegExp): Promise<RegExpExecArray | []> {
  const line = page.locator('#log span').getByText(text, { exact: true }).first()
  const words = (await line.textContent()) ?? ''
  return typeof text === 'string' ? [] : (text.exec(words) ?? [])
}
