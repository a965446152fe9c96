import type { BrowserContext, Page } from 'playwright-core'
import { ExampleServer } from '../../../test/browser/example-server.ts'
import { visitExample, waitForState } from '../../../test/browser/visit-example.ts'

const passwords = { ada: 'lovelace', grace: 'hopper' }
type User = keyof typeof passwords

const visit = visitExample(() => ExampleServer.start('express-auth', {}))

test('a page without a login says so, and gets 401 and no stream', async () => {
  const page = await visit.open()
  const asked: string[] = []
  page.on('request', (request) => asked.push(new URL(request.url()).pathname))
  await page.reload()
  await page
    .getByText('You are not logged in. Log in, and the server opens a stream of notes for you.')
    .waitFor()
  await waitForState(page, 'signed out')
  expect(asked).toContain('/me')
  expect(asked).not.toContain('/events')

  const response = await fetch(`${visit.server.url}/events`)
  expect(response.status).toBe(401)
  expect(response.headers.get('content-type')).toContain('application/json')
  expect(await response.json()).toEqual({ error: 'Log in first.' })
})

test('a wrong password is refused', async () => {
  const page = await visit.open()
  for (const [user, password] of [
    ['ada', 'hopper'],
    ['nobody', 'lovelace'],
  ] as const) {
    await fillIn(page, user, password)
    await page.getByRole('alert').getByText('Wrong name or password.').waitFor()
  }
  await fillIn(page, 'ada', 'lovelace')
  await waitForState(page, 'open')
})

test('the focus moves to the form that a login or a logout shows', async () => {
  const page = await enter('ada')
  await page.locator('#inside input:focus').waitFor()
  await page.getByRole('button', { name: 'Log out' }).click()
  await page.locator('#outside input:focus').waitFor()
})

test('a note reaches its receiver, in all tabs, and no other user', async () => {
  const [ada, grace] = [await enter('ada'), await enter('grace')]
  const secondTab = await visit.open('/', grace.context())
  await waitForState(secondTab, 'open')
  await write(ada, 'grace', 'A secret')
  for (const tab of [grace, secondTab]) await waitForNotes(tab, ['A secret'])
  await write(ada, 'ada', 'To myself')
  await waitForNotes(ada, ['To myself'])
  await write(ada, 'grace', 'Another')
  await waitForNotes(grace, ['Another', 'A secret'])
  await grace.reload()
  await waitForNotes(grace, ['Another', 'A secret'])
})

test('a logout ends all streams at once, and no page gets a new one', async () => {
  const ada = await enter('ada')
  const secondTab = await visit.open('/', ada.context())
  const grace = await enter('grace')
  await waitForState(secondTab, 'open')
  const cookie = await cookieOf(ada.context())
  const stream = await fetch(`${visit.server.url}/events`, { headers: { cookie } })
  expect(stream.status).toBe(200)

  await ada.getByRole('button', { name: 'Log out' }).click()
  for (const tab of [ada, secondTab]) {
    await tab.getByText('You were logged out, and your stream of notes has ended.').waitFor()
    await tab.getByRole('button', { name: 'Log in' }).waitFor()
    expect(await tab.locator('#notes li').count()).toBe(0)
  }
  // The response ends: text() would otherwise wait forever.
  expect(await stream.text()).toContain('event: bookmark')
  const again = await fetch(`${visit.server.url}/events`, { headers: { cookie } })
  expect(again.status).toBe(401)
  expect(await grace.locator('#state').textContent()).toBe('Live')
})

test('another device of the same user can log in again', async () => {
  const [laptop, phone] = [await enter('ada'), await enter('ada')]
  const back = phone.waitForResponse('**/events*')
  await laptop.getByRole('button', { name: 'Log out' }).click()
  await laptop.getByText('You were logged out').waitFor()
  expect((await back).status()).toBe(200)
  await waitForState(phone, 'open')
  const grace = await enter('grace')
  await write(grace, 'ada', 'Still there?')
  await waitForNotes(phone, ['Still there?'])
})

test('refuses notes without a login, and invalid notes', async () => {
  expect(await statusOf({ to: 'ada', text: 'Hello' }, '')).toBe(401)
  const cookie = await cookieOf((await enter('ada')).context())
  expect(await statusOf({ to: 'grace', text: 'Hello' }, cookie)).toBe(201)
  for (const note of [{ to: 'nobody', text: 'Hello' }, { to: 'grace', text: ' ' }, { to: 'grace' }]) {
    expect(await statusOf(note, cookie)).toBe(400)
  }
})

test('ends at Ctrl-C while a page is open', async () => {
  const page = await enter('ada')
  expect(await visit.server.interrupt()).toBe(0)
  await waitForState(page, 'reconnecting')
})

/** In a separate browser. */
async function enter(user: User): Promise<Page> {
  const page = await visit.open()
  await fillIn(page, user, passwords[user])
  await waitForState(page, 'open')
  return page
}

async function fillIn(page: Page, user: string, password: string): Promise<void> {
  await page.getByLabel('Name').fill(user)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Log in' }).click()
}

async function write(page: Page, to: User, text: string): Promise<void> {
  await page.getByRole('combobox', { name: 'To' }).selectOption(to)
  await page.getByLabel('Note', { exact: true }).fill(text)
  await page.getByRole('button', { name: 'Send' }).click()
  await page.waitForFunction(`document.querySelector('#text').value === ''`)
}

/** The newest first. */
async function waitForNotes(page: Page, texts: string[]): Promise<void> {
  await page.waitForFunction(`document.querySelectorAll('#notes li').length >= ${texts.length}`)
  expect(await page.locator('#notes .text').allTextContents()).toEqual(texts)
}

async function cookieOf(context: BrowserContext): Promise<string> {
  const cookies = await context.cookies()
  return cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
}

async function statusOf(note: object, cookie: string): Promise<number> {
  const response = await fetch(`${visit.server.url}/notes`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', cookie },
    body: JSON.stringify(note),
  })
  await response.text()
  return response.status
}
