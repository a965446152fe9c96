import { ExampleServer } from '../../../test/browser/example-server.ts'
import { visitExample, waitForState } from '../../../test/browser/visit-example.ts'

const visit = visitExample(() => ExampleServer.start('fastify-dashboard', { TICK_MS: '50' }))

const saved = `Number.parseFloat(document.querySelector('#saved').textContent)`

test('shows the whole table at once, and again when it has changed', async () => {
  const page = await visit.open()
  await page.locator('#rows tr').nth(59).waitFor()
  const before = await page.locator('#rows').innerHTML()
  await page.waitForFunction(`document.querySelector('#rows').innerHTML !== ${JSON.stringify(before)}`)
  expect(await page.locator('#rows tr').count()).toBe(60)
})

test('nine tenths of the bytes are saved, with one page and with several', async () => {
  const page = await visit.open()
  await page.waitForFunction(`${saved} > 90`)
  const pages = [page, await visit.open(), await visit.open()]
  await page.waitForFunction(`document.querySelector('#pages').textContent === '3'`)
  for (const one of pages) await one.waitForFunction(`${saved} > 90`)
})

test('continues after a restart of the server', async () => {
  const page = await visit.open()
  await waitForState(page, 'open')
  const { port } = visit.server as ExampleServer
  await visit.server.kill()
  await waitForState(page, 'reconnecting')
  visit.server = await ExampleServer.start('fastify-dashboard', { TICK_MS: '50' }, port)
  await waitForState(page, 'open')
  await page.waitForFunction(`${saved} > 90`)
})

test('ends at Ctrl-C while the page is open', async () => {
  const page = await visit.open()
  await waitForState(page, 'open')
  expect(await visit.server.interrupt()).toBe(0)
})
