import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { ExampleServer } from '../../../test/browser/example-server.ts'
import { visitExample, waitForState } from '../../../test/browser/visit-example.ts'

const fast = '100000000'
const slow = '50000'
let directory: string
let bytesPerSecond = fast

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'express-upload-progress-'))
})

const visit = visitExample(() =>
  ExampleServer.start('express-upload-progress', {
    UPLOAD_DIR: directory,
    BYTES_PER_SECOND: bytesPerSecond,
    MAX_BYTES: '3000000',
  }),
)

afterEach(() => rm(directory, { recursive: true }))

describe('a fast server', () => {
  beforeAll(() => {
    bytesPerSecond = fast
  })

  test.each([
    ['of 2 MB', 2_000_000, '2.0 of 2.0 MB'],
    ['that is empty', 0, '0.0 of 0.0 MB'],
  ])('receives a file %s and works on it', async (_, size, shown) => {
    const page = await visit.open()
    let asked = 0
    page.on('request', (request) => {
      if (request.url().endsWith('/events')) asked++
    })
    const bytes = randomBytes(size)
    await upload(page, bytes)
    await waitForReport(page, `Done. SHA-256: ${createHash('sha256').update(bytes).digest('hex')}`)
    for (const id of ['received', 'hashed']) {
      expect(await page.locator(`#${id}-bytes`).textContent()).toBe(shown)
      expect(await page.locator(`#${id}`).evaluate((bar) => Reflect.get(bar, 'position'))).toBe(1)
    }
    await waitForState(page, 'idle')
    // A browser that has not closed the stream would reconnect after a second.
    await sleep(2_500)
    expect(asked).toBe(1)
    expect(await readdir(directory)).toEqual([])
  })

  test('refuses a file that is too large before it is sent', async () => {
    const page = await visit.open()
    let sent = 0
    page.on('request', (request) => {
      if (request.method() === 'PUT') sent++
    })
    await upload(page, Buffer.alloc(3_000_001))
    await waitForReport(page, 'Failed: a file may have up to 3000000 bytes.')
    expect(sent).toBe(0)
  })

  test('answers 204 to a client that reconnects after the end', async () => {
    const url = await announce(5)
    const stream = fetch(`${url}/events`)
    const put = () => fetch(url, { method: 'PUT', body: 'hello' })
    expect((await put()).status).toBe(202)
    expect(await (await stream).text()).toMatch(/event: over\nid: over\ndata: \{.*"state":"done"/)
    const again = await fetch(`${url}/events`, { headers: { 'Last-Event-ID': 'over' } })
    expect(again.status).toBe(204)
    // The file is received only once.
    expect((await put()).status).toBe(409)
  })
})

test('notices that a client disconnects in the middle, and keeps nothing of the file', async () => {
  const url = await announce(1000)
  const { pathname, port } = new URL(url)
  const client = connect(Number(port), 'localhost')
  client.write(`PUT ${pathname} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nthe beginning`)
  const stream = fetch(`${url}/events`)
  while ((await readdir(directory)).length === 0) await sleep(20)
  client.destroy()
  expect(await (await stream).text()).toContain('"error":"it was broken off"')
  while ((await readdir(directory)).length > 0) await sleep(20)
})

describe('a slow server', () => {
  beforeAll(() => {
    bytesPerSecond = slow
  })

  test('shows the bytes that the server has received, not those that were sent', async () => {
    const page = await visit.open()
    await upload(page, Buffer.alloc(3_000_000))
    const received = await receivedMoreThan(page, 0)
    expect(received).toBeLessThan(3_000_000)
    expect(await receivedMoreThan(page, received)).toBeLessThan(3_000_000)
    expect(await page.locator('#hashed').getAttribute('value')).toBe('0')
    expect(await page.getByRole('button', { name: 'Upload' }).getAttribute('aria-disabled')).toBe('true')
    expect(await readdir(directory)).toHaveLength(1)
  })

  test('Cancel stops the upload, and nothing of it remains', async () => {
    const page = await visit.open()
    const asking = page.waitForRequest('**/events')
    const answer = page.waitForResponse((response) => response.request().method() === 'PUT')
    await upload(page, Buffer.alloc(3_000_000))
    await receivedMoreThan(page, 0)
    await page.getByRole('button', { name: 'Cancel' }).click()
    expect((await answer).status()).toBe(409)
    await waitForReport(page, 'Failed: it was cancelled.')
    await waitForState(page, 'idle')
    expect(await (await fetch((await asking).url())).text()).toContain('"error":"it was cancelled"')
    while ((await readdir(directory)).length > 0) await sleep(20)
  })

  test('ends at Ctrl-C in the middle of an upload, and leaves no file', async () => {
    const page = await visit.open()
    await upload(page, Buffer.alloc(3_000_000))
    await receivedMoreThan(page, 0)
    expect(await visit.server.interrupt()).toBe(0)
    await waitForState(page, 'reconnecting')
    expect(await readdir(directory)).toEqual([])
  })
})

/** Resolves with the URL of the upload. */
async function announce(size: number): Promise<string> {
  const response = await fetch(`${visit.server.url}/uploads`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ size }),
  })
  await response.text()
  expect(response.status).toBe(201)
  return visit.server.url + response.headers.get('location')
}

async function upload(page: Page, buffer: Buffer): Promise<void> {
  await page.getByLabel('File').setInputFiles({ name: 'a file', mimeType: 'application/x-test', buffer })
  await page.getByRole('button', { name: 'Upload' }).click()
}

async function receivedMoreThan(page: Page, bytes: number): Promise<number> {
  await page.waitForFunction(`document.querySelector('#received').value > ${bytes}`)
  return page.evaluate<number>(`document.querySelector('#received').value`)
}

async function waitForReport(page: Page, text: string): Promise<void> {
  await page.getByRole('status').getByText(text, { exact: true }).waitFor()
}
