import { ExampleServer } from '../../../test/browser/example-server.ts'
import { visitExample } from '../../../test/browser/visit-example.ts'

const visit = visitExample(() => ExampleServer.start('fastify-http2', { TICK_MS: '50' }))

test('thirty streams of a page share one connection, and Ctrl-C ends all of them', async () => {
  const page = await visit.open()
  await page.locator('#rooms li').filter({ hasText: '°C' }).nth(29).waitFor()
  expect(await page.locator('#protocol').textContent()).toBe('HTTP/2')
  expect(await page.locator('#streams').textContent()).toBe('30')
  expect(await page.locator('#connections').textContent()).toBe('1')

  expect(await visit.server.interrupt()).toBe(0)
  await page.locator('body[data-state=reconnecting]').waitFor()
})

test('over HTTP/1.1 the same page has six streams, each with a connection of its own', async () => {
  const page = await visit.open()
  await page.goto((await page.locator('#other').getAttribute('href')) ?? '')
  await page.locator('#streams').getByText('6', { exact: true }).waitFor()
  expect(await page.locator('#protocol').textContent()).toBe('HTTP/1.1')
  expect(await page.locator('#connections').textContent()).toBe('6')
  expect(await page.locator('#rooms li').filter({ hasText: '°C' }).count()).toBe(6)
})
