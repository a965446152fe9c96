import { setTimeout as sleep } from 'node:timers/promises'
import { Journal, until } from '../../../test/clients/journal.ts'
import { type ConnectOptions, connect, type SourceState } from '../src/index.ts'
import { EventServer } from './event-server.ts'

/** The globals of a page. */
const page = new EventTarget()
const document = { hidden: false }
let server: EventServer
const sources: { close(): void }[] = []

beforeAll(() => {
  Object.assign(globalThis, { document, addEventListener: page.addEventListener.bind(page) })
})

beforeEach(async () => {
  server = await EventServer.start()
})

afterEach(async () => {
  for (const source of sources.splice(0)) source.close()
  await server.close()
})

afterAll(() => {
  for (const name of ['document', 'addEventListener']) Reflect.deleteProperty(globalThis, name)
})

function fire(type: string, properties: { persisted?: boolean } = {}): void {
  page.dispatchEvent(Object.assign(new Event(type), properties))
}

/** Without a page, nothing ends its waits. */
function open(options: ConnectOptions = {}) {
  const source = connect(server.url, { retry: { min: 3_600_000 }, ...options })
  sources.push(source)
  const states = new Journal<SourceState>()
  source.onState((state) => states.add(state))
  const messages = new Journal<unknown>()
  source.on('message', (data) => messages.add(data))
  return { source, states, messages }
}

test('a page that is unloaded closes its connection, and opens one when it is restored, with its id', async () => {
  const { messages, states } = open()
  const first = await server.requests.at(0)
  first.stream('id: 1\ndata: 1\n\n')
  await messages.first(1)
  fire('pagehide')
  await until(() => first.res.closed)
  // Also fired when a page is loaded.
  fire('pageshow', { persisted: false })
  await sleep(50)
  expect(server.requests.entries).toHaveLength(1)
  fire('pageshow', { persisted: true })
  const second = await server.requests.at(1)
  expect(second.headers['last-event-id']).toBe('1')
  second.stream('id: 2\ndata: 2\n\n')
  expect(await messages.first(2)).toEqual([1, 2])
  expect(states.entries).toEqual(['connecting', 'open', 'connecting', 'open'])
})

test('when the network is back it leaves the old connection for a new one', async () => {
  const { messages } = open()
  const first = await server.requests.at(0)
  first.stream('id: 1\ndata: 1\n\n')
  await messages.first(1)
  fire('online')
  const second = await server.requests.at(1)
  expect(second.headers['last-event-id']).toBe('1')
  await until(() => first.res.closed)
})

test('when the network is back it streams again, even if it polled', async () => {
  open({ openTimeout: 100 })
  const poll = await server.requests.at(1)
  expect(poll.headers).toHaveProperty('prefer')
  poll.res
    .writeHead(200, { 'Content-Type': 'text/event-stream', 'Preference-Applied': 'wait=1' })
    .end(':\n\n')
  // The next poll would be in an hour.
  fire('online')
  expect((await server.requests.at(2)).headers).not.toHaveProperty('prefer')
})

test('when the page is seen a wait ends, but nothing else', async () => {
  const { states } = open()
  const first = await server.requests.at(0)
  fire('visibilitychange')
  first.stream()
  await states.first(2)
  fire('visibilitychange')
  first.res.destroy()
  await states.first(3)
  document.hidden = true
  fire('visibilitychange')
  await sleep(50)
  expect(server.requests.entries).toHaveLength(1)
  document.hidden = false
  fire('visibilitychange')
  await server.requests.at(1)
})

test('a page in the back/forward cache does not connect', async () => {
  const { states } = open()
  ;(await server.requests.at(0)).res.destroy()
  await states.first(2)
  fire('pagehide')
  fire('visibilitychange')
  await sleep(50)
  expect(server.requests.entries).toHaveLength(1)
})

test('a wait that the server asked for ends when the network is back, not when the page is seen', async () => {
  const { states } = open()
  ;(await server.requests.at(0)).answer(503, { 'Retry-After': '3600' })
  await states.first(2)
  fire('visibilitychange')
  await sleep(50)
  expect(server.requests.entries).toHaveLength(1)
  fire('online')
  await server.requests.at(1)
})

test.each(['pagehide', 'pageshow', 'online', 'visibilitychange'])(
  'a POST goes on despite %s, and is sent once',
  async (type) => {
    const { messages } = open({ body: 'x' })
    const { res, stream } = await server.requests.at(0)
    stream('data: 1\n\n')
    await messages.first(1)
    fire(type, { persisted: true })
    await sleep(50)
    res.write('data: 2\n\n')
    expect(await messages.first(2)).toEqual([1, 2])
    expect(server.requests.entries).toHaveLength(1)
  },
)

test('a source that is closed listens to nothing', async () => {
  const { source } = open()
  await server.requests.at(0)
  source.close()
  for (const type of ['online', 'pageshow', 'visibilitychange']) fire(type, { persisted: true })
  await sleep(50)
  expect(server.requests.entries).toHaveLength(1)
})
