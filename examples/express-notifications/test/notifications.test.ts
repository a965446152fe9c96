import type { Page, Route } from 'playwright-core'
import { CuttingProxy } from '../../../test/browser/cutting-proxy.ts'
import { ExampleServer } from '../../../test/browser/example-server.ts'
import { visitExample, waitForState } from '../../../test/browser/visit-example.ts'

const visit = visitExample(() => ExampleServer.start('express-notifications'))

test('a tab shows what another one sends, each kind in its own way', async () => {
  const grace = await enter('Grace')
  const ada = await enter('Ada')
  await send(ada, 'Message', 'Grace', 'Lunch at one?')
  await ada.getByText('Sent to Grace: Lunch at one?').waitFor()
  await waitForSpoken(grace, 'status', 'message from Ada: Lunch at one?')
  await send(ada, 'Order', 'everybody', 'Order 4711 was shipped')
  await waitForSpoken(grace, 'status', 'order from Ada: Order 4711 was shipped')
  await send(ada, 'Alert', 'Grace', 'The disk is full')
  await waitForSpoken(grace, 'alert', 'alert from Ada: The disk is full')

  expect(await itemsOf(grace)).toEqual([
    'alert: The disk is full (Ada)',
    'order: Order 4711 was shipped (Ada to everybody)',
    'message: Lunch at one? (Ada)',
  ])
  const colors = await grace.evaluate<string[]>(
    `[...document.querySelectorAll('.type')].map((type) => getComputedStyle(type).color)`,
  )
  expect(new Set(colors).size).toBe(3)
})

test('a notification reaches only its receiver', async () => {
  const [ada, grace, linus] = [await enter('Ada'), await enter('Grace'), await enter('Linus')]
  await send(ada, 'Message', 'Grace', 'A secret')
  await waitForItems(grace, 1)
  // Once the second has arrived, the first would have arrived, too.
  await send(ada, 'Message', 'everybody', 'No secret')
  await waitForItems(linus, 1)
  expect(await itemsOf(linus)).toEqual(['message: No secret (Ada to everybody)'])
  await linus.reload()
  await waitForItems(linus, 1)
})

test('the badge counts unread notifications, and is the same in all tabs of a user', async () => {
  const ada = await enter('Ada')
  const grace = await enter('Grace')
  const secondTab = await enter('Grace', grace)
  await send(ada, 'Order', 'Grace', 'One')
  await waitForItems(secondTab, 1)
  await send(ada, 'Order', 'Grace', 'Two')
  for (const tab of [grace, secondTab]) {
    await tab.getByText('2 unread').waitFor()
    expect(await tab.title()).toBe('(2) Notifications')
  }

  await grace.getByRole('button', { name: 'Mark all read' }).click()
  for (const tab of [grace, secondTab]) {
    await tab.locator('#badge').waitFor({ state: 'hidden' })
    expect(await tab.title()).toBe('Notifications')
  }
  await send(ada, 'Order', 'Grace', 'Three')
  await secondTab.getByText('1 unread').waitFor()
  await secondTab.reload()
  await secondTab.getByText('1 unread').waitFor()
  expect(await secondTab.locator('.unread .text').allTextContents()).toEqual(['Three'])
})

test('a notification between the inbox and the start of its events is not missed', async () => {
  const ada = await enter('Ada')
  const grace = await enter('Grace')
  const held = new Promise<Route>((resolve) => {
    void grace.route('**/events*', resolve)
  })
  await grace.reload()
  const asking = await held
  await send(ada, 'Message', 'Grace', 'In between')
  await asking.continue()
  await waitForItems(grace, 1)
})

test('a notification during a lost connection arrives after the reconnect, once', async () => {
  const proxy = await CuttingProxy.start(Number(new URL(visit.server.url).port))
  try {
    const ada = await enter('Ada')
    const grace = await enter('Grace')
    await grace.goto(`${proxy.url}/?user=Grace`)
    await waitForState(grace, 'open')
    await send(ada, 'Message', 'Grace', 'Before')
    await waitForItems(grace, 1)

    proxy.cut()
    await waitForState(grace, 'reconnecting')
    await send(ada, 'Message', 'Grace', 'Meanwhile')
    await waitForItems(grace, 2)
    await waitForState(grace, 'open')
    expect(await grace.locator('.text').allTextContents()).toEqual(['Meanwhile', 'Before'])
  } finally {
    await proxy.close()
  }
})

test('markup in a notification stays text', async () => {
  const page = await enter('Ada')
  const markup = `<img src=x onerror="document.title='taken over'">&amp;`
  await send(page, 'Alert', 'everybody', markup)
  await waitForItems(page, 1)
  expect(await page.locator('.text').allTextContents()).toEqual([markup])
  expect(await page.locator('img').count()).toBe(0)
})

test('refuses invalid notifications and unknown users', async () => {
  const good = { type: 'order', from: 'Ada', to: 'Grace', text: 'Fine' }
  expect(await statusOf(good)).toBe(201)
  for (const change of [
    { type: 'gap' },
    { from: 'Eve' },
    { to: 'Eve' },
    { text: ' ' },
    { text: 'x'.repeat(201) },
  ]) {
    expect(await statusOf({ ...good, ...change })).toBe(400)
  }
  const stranger = await visit.open('/?user=Eve')
  await waitForState(stranger, 'There is no user Eve.')
})

test('ends at Ctrl-C while a page is open', async () => {
  const page = await enter('Ada')
  expect(await visit.server.interrupt()).toBe(0)
  await waitForState(page, 'reconnecting')
})

/** In a tab of the same browser, if there is one. */
async function enter(user: string, other?: Page): Promise<Page> {
  const page = await visit.open(`/?user=${user}`, other?.context())
  await waitForState(page, 'open')
  return page
}

async function send(page: Page, type: string, to: string, text: string): Promise<void> {
  await page.getByLabel(type, { exact: true }).check()
  await page.getByRole('combobox', { name: 'To' }).selectOption(to)
  await page.getByLabel('Text', { exact: true }).fill(text)
  await page.getByRole('button', { name: 'Send' }).click()
  await page.getByText(`Sent to ${to}: ${text}`, { exact: true }).waitFor()
}

async function waitForItems(page: Page, count: number): Promise<void> {
  await page.waitForFunction(`document.querySelectorAll('#notifications li').length === ${count}`)
}

/** The text that a screen reader reads. */
async function waitForSpoken(page: Page, role: 'status' | 'alert', text: string): Promise<void> {
  await page.getByRole(role).getByText(text, { exact: true }).waitFor()
}

async function itemsOf(page: Page): Promise<string[]> {
  const items = await page.locator('#notifications li').all()
  return Promise.all(
    items.map(async (item) => {
      const [type, text, who] = await Promise.all(
        ['.type', '.text', '.who'].map((part) => item.locator(part).textContent()),
      )
      return `${type}: ${text} (${who})`
    }),
  )
}

async function statusOf(notification: object): Promise<number> {
  const response = await fetch(`${visit.server.url}/notifications`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(notification),
  })
  await response.text()
  return response.status
}
