import type { Page } from 'playwright-core'
import { CuttingProxy } from '../../../test/browser/cutting-proxy.ts'
import { ExampleServer } from '../../../test/browser/example-server.ts'
import { visitExample, waitForState } from '../../../test/browser/visit-example.ts'

const visit = visitExample(() => ExampleServer.start('express-table'))

const count = (page: Page, name: string) => page.getByRole('row', { name }).locator('.count')

async function sees(page: Page, name: string, value: number): Promise<void> {
  await count(page, name).getByText(String(value), { exact: true }).waitFor()
}

const more = (page: Page, name: string) => page.getByRole('button', { name: `More ${name}` }).click()

function post(path: string, by: unknown): Promise<Response> {
  return fetch(visit.server.url + path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ by }),
  })
}

test('a change in one page appears in all pages', async () => {
  const pages = [await visit.open(), await visit.open()]
  const [one, other] = pages as [Page, Page]
  for (const page of pages) await sees(page, 'Oars', 50)
  await more(one, 'Oars')
  await other.getByRole('button', { name: 'Less Ropes' }).click()
  for (const page of pages) {
    await sees(page, 'Oars', 51)
    await sees(page, 'Ropes', 59)
    expect(await page.locator('#snapshots').textContent()).toBe('1')
    expect(await page.locator('#changes').textContent()).toBe('2')
  }
})

test('a page whose connection was cut gets the changes that it has missed, and not the table again', async () => {
  const { port } = visit.server as ExampleServer
  const proxy = await CuttingProxy.start(port)
  try {
    const page = await visit.open()
    await page.goto(proxy.url)
    await sees(page, 'Sails', 70)
    proxy.cut()
    await waitForState(page, 'reconnecting')
    for (let n = 0; n < 3; n++) await post('/rows/7', 1)
    await sees(page, 'Sails', 73)
    expect(await page.locator('#snapshots').textContent()).toBe('1')
  } finally {
    await proxy.close()
  }
})

test('after a restart of the server each page has the new table', async () => {
  const page = await visit.open()
  await more(page, 'Charts')
  await sees(page, 'Charts', 31)
  const { port } = visit.server as ExampleServer
  await visit.server.kill()
  await waitForState(page, 'reconnecting')
  visit.server = await ExampleServer.start('express-table', {}, port)
  await waitForState(page, 'open')
  await sees(page, 'Charts', 30)
  expect(await page.locator('#snapshots').textContent()).toBe('2')
})

test('refuses an invalid change', async () => {
  expect((await post('/rows/99', 1)).status).toBe(404)
  expect((await post('/rows/1', 'many')).status).toBe(404)
})
