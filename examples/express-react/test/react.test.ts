import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { ExampleServer } from '../../../test/browser/example-server.ts'
import { visitExample, waitForState } from '../../../test/browser/visit-example.ts'

const visit = visitExample(() => ExampleServer.start('express-react'))

const votesFor = (page: Page, answer: string) => page.getByRole('region', { name: answer }).locator('b')

test('a vote in one of ten tabs shows in all of them', async () => {
  const first = await visit.open()
  const tabs = [first]
  while (tabs.length < 10) tabs.push(await visit.open('/', first.context()))
  for (const tab of tabs) await votesFor(tab, 'Pizza').getByText('0', { exact: true }).waitFor()
  await first.getByRole('button', { name: 'Vote for Pizza' }).click()
  for (const tab of tabs) await votesFor(tab, 'Pizza').getByText('1', { exact: true }).waitFor()
})

test('a page says that its vote was not counted, and is right again after a restart', async () => {
  const page = await visit.open()
  await page.getByRole('button', { name: 'Vote for Museum' }).click()
  await votesFor(page, 'Museum').getByText('1', { exact: true }).waitFor()

  const { port } = new URL(visit.server.url)
  await visit.server.kill()
  await waitForState(page, 'waiting')
  await page.getByRole('button', { name: 'Vote for Museum' }).click()
  await page.getByRole('alert').getByText('not counted').waitFor()

  visit.server = await ExampleServer.start('express-react', {}, Number(port))
  await waitForState(page, 'open')
  await votesFor(page, 'Museum').getByText('0', { exact: true }).waitFor()
})

test('the hook is the one in the documentation', () => {
  const read = (path: string) => readFileSync(join(__dirname, path), 'utf8')
  const hook = read('../page/use-events.ts').replace(/^ *\/\/ biome-ignore .*\n/m, '')
  expect(read('../../../docs/client.md')).toContain(hook)
})
