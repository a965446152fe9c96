// Tabs that share a connection, with the Web Locks of fake-locks.ts. In a browser: browser/share.test.ts.
import { Journal, until } from '../../../test/clients/journal.ts'
import type { ConnectOptions, SourceState } from '../src/index.ts'
import { EventServer, type Exchange } from './event-server.ts'
import { FakeLocks } from './fake-locks.ts'

type Connect = typeof import('../src/index.ts').connect

let connect: Connect
let locks: FakeLocks
let server: EventServer
const sources: { close(): void }[] = []
const channels: { close(): void }[] = []

beforeAll(async () => {
  const navigator = {
    locks: { request: (...args: Parameters<FakeLocks['request']>) => locks.request(...args) },
  }
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true })
  // Loaded now, because it looks for the locks when it is loaded.
  connect = (await import('../src/index.ts')).connect
})

beforeEach(async () => {
  locks = new FakeLocks()
  server = await EventServer.start()
})

afterEach(async () => {
  for (const source of sources.splice(0)) source.close()
  for (const channel of channels.splice(0)) channel.close()
  await server.close()
})

const shared = { retry: { min: 1, max: 5 }, share: true }

function open(options: ConnectOptions = {}) {
  const source = connect(server.url, { ...shared, ...options })
  sources.push(source)
  const states = new Journal<SourceState>()
  source.onState((state) => states.add(state))
  const messages = new Journal<unknown>()
  source.on('message', (data) => messages.add(data))
  return { source, states, messages }
}

type Tab = ReturnType<typeof open>

/** The name of the lock and the channel. */
function name(): string {
  return `${server.url} ${JSON.stringify({ ...shared, after: 0 })}`
}

/** What the tabs send each other. */
function listen(): Journal<unknown> {
  const channel = new BroadcastChannel(name())
  channels.push(channel)
  const messages = new Journal<unknown>()
  channel.onmessage = ({ data }) => messages.add(data)
  return messages
}

/** The answer to a long poll. */
function answerPoll({ res }: Exchange, text: string): void {
  res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Preference-Applied': 'wait=1' }).end(text)
}

async function closed({ res }: Exchange): Promise<void> {
  await until(() => res.closed)
}

describe('a tab that joins late, without ids', () => {
  let first: Tab
  let stream: Exchange

  beforeEach(async () => {
    first = open()
    stream = await server.requests.at(0)
    stream.stream('data: "state"\n\n')
    await first.messages.first(1)
  })

  test('receives what a new connection would, by a long poll', async () => {
    const late = open()
    const poll = await server.requests.at(1)
    expect(poll.headers).toMatchObject({ prefer: 'wait=1' })
    expect(poll.headers).not.toHaveProperty('last-event-id')
    answerPoll(poll, 'data: "newer state"\n\n')
    expect(await late.messages.at(0)).toBe('newer state')
    stream.res.write('data: 1\n\n')
    expect(await late.messages.first(2)).toEqual(['newer state', 1])
    expect(await first.messages.first(2)).toEqual(['state', 1])
    expect(server.requests.entries).toHaveLength(2)
  })

  test('receives it from a server without long polling, whose stream it then leaves', async () => {
    const late = open()
    const own = await server.requests.at(1)
    own.stream('data: "newer state"\n\n')
    expect(await late.messages.at(0)).toBe('newer state')
    await closed(own)
    stream.res.write('data: 1\n\n')
    expect(await late.messages.first(2)).toEqual(['newer state', 1])
    expect(server.requests.entries).toHaveLength(2)
  })

  test('neither loses nor repeats events that arrive meanwhile', async () => {
    const late = open()
    const poll = await server.requests.at(1)
    for (const data of [1, 2, 3]) stream.res.write(`data: ${data}\n\n`)
    await first.messages.first(4)
    // The server has answered between 2 and 3.
    answerPoll(poll, 'data: "state"\n\ndata: 1\n\ndata: 2\n\nretry: 500\n\n')
    expect(await late.messages.first(4)).toEqual(['state', 1, 2, 3])
    stream.res.write('data: 4\n\n')
    expect(await late.messages.first(5)).toEqual(['state', 1, 2, 3, 4])
  })

  test('does not lose them either if the new connection does not show them', async () => {
    const late = open()
    const poll = await server.requests.at(1)
    stream.res.write('data: 1\n\n')
    await first.messages.first(2)
    answerPoll(poll, 'data: "newer state"\n\n')
    await late.messages.first(1)
    stream.res.write('data: 2\n\n')
    expect(await late.messages.first(3)).toEqual(['newer state', 1, 2])
  })

  test('requests a large state once', async () => {
    const late = open()
    const state = 'x'.repeat(100_000)
    answerPoll(await server.requests.at(1), `data: ${state}\n\n`)
    await late.messages.first(1)
    stream.res.write('data: 1\n\n')
    expect(await late.messages.first(2)).toEqual([state, 1])
    expect(server.requests.entries).toHaveLength(2)
  })

  test('and the tabs do not request it again when the leader changes', async () => {
    const late = open()
    answerPoll(await server.requests.at(1), 'data: "state"\n\n')
    await late.messages.first(1)
    const later = open()
    answerPoll(await server.requests.at(2), 'data: "state"\n\n')
    await later.messages.first(1)
    first.source.close()
    const next = await server.requests.at(3)
    next.stream('data: "state"\n\n')
    next.res.write('data: 1\n\n')
    for (const tab of [late, later]) await until(() => tab.messages.entries.at(-1) === 1)
    expect(server.requests.entries).toHaveLength(4)
  })
})

test('a tab that joins late requests more if the answer may have been cut, and then goes on with the others', async () => {
  const first = open()
  const stream = await server.requests.at(0)
  stream.stream('id: 1\ndata: 1\n\n')
  await first.messages.first(1)
  const late = open({ after: '0' })
  const poll = await server.requests.at(1)
  expect(poll.headers).toMatchObject({ prefer: 'wait=0', 'last-event-id': '0' })
  answerPoll(poll, `id: 1\ndata: 1\n\n:${'x'.repeat(30_000)}\n`)
  const next = await server.requests.at(2)
  expect(next.headers).toMatchObject({ prefer: 'wait=0', 'last-event-id': '1' })
  answerPoll(next, ':\n\n')
  stream.res.write('id: 2\ndata: 2\n\n')
  expect(await late.messages.first(2)).toEqual([1, 2])
  expect(server.requests.entries).toHaveLength(3)
})

test('a POST is not shared', async () => {
  const tabs = [open({ body: 'x' }), open({ body: 'x' })]
  for (const [n, { messages }] of tabs.entries()) {
    const exchange = await server.requests.at(n)
    expect(exchange.method).toBe('POST')
    exchange.stream('data: 1\n\n')
    expect(await messages.at(0)).toBe(1)
  }
})

test('tabs with other options do not share, except for after', async () => {
  const first = open({ after: '1' })
  ;(await server.requests.at(0)).stream('id: 1\ndata: 1\n\n')
  await first.messages.first(1)
  open({ headers: { 'X-A': 'b' } })
  const other = await server.requests.at(1)
  expect(other.headers).toMatchObject({ 'x-a': 'b' })
  expect(other.headers).not.toHaveProperty('prefer')
  const late = open({ after: '1' })
  await until(() => late.states.entries.at(-1) === 'open')
  expect(server.requests.entries).toHaveLength(2)
})

test('a page that is seen asks whether its leader is still there', async () => {
  const page = new EventTarget()
  Object.assign(globalThis, {
    document: { hidden: false },
    addEventListener: page.addEventListener.bind(page),
  })
  try {
    const first = open()
    ;(await server.requests.at(0)).stream('id: 1\ndata: 1\n\n')
    await first.messages.first(1)
    const late = open({ after: '1' })
    await until(() => late.states.entries.at(-1) === 'open')
    const said = listen()
    page.dispatchEvent(new Event('visibilitychange'))
    expect(await said.at(0)).toBe(0)
  } finally {
    for (const name of ['document', 'addEventListener']) Reflect.deleteProperty(globalThis, name)
  }
})

test('a tab that joins before the connection is open receives its first events from there', async () => {
  const said = listen()
  const first = open()
  const stream = await server.requests.at(0)
  const late = open()
  // It asks who leads, and is answered.
  await until(() => said.entries.lastIndexOf(0) >= 0 && said.entries.at(-1) !== 0)
  stream.stream('data: "state"\n\n')
  expect(await late.messages.at(0)).toBe('state')
  expect(await first.messages.at(0)).toBe('state')
  expect(server.requests.entries).toHaveLength(1)
})

// After a change of the leader, an event without an id was dropped if an equal one had arrived before.
test('events without an id may be equal: all of them arrive, also after the leader has changed', async () => {
  const tabs = [open()]
  const first = await server.requests.at(0)
  first.stream('data: "tick"\n\n')
  await tabs[0]?.messages.first(1)
  for (let n = 1; n < 3; n++) {
    tabs.push(open())
    answerPoll(await server.requests.at(n), 'data: "tick"\n\n')
    await tabs[n]?.messages.first(1)
  }
  first.res.write('data: "tack"\n\n')
  for (const { messages } of tabs) await until(() => messages.entries.at(-1) === 'tack')
  tabs.shift()?.source.close()
  const second = await server.requests.at(3)
  second.stream()
  for (let n = 0; n < 3; n++) second.res.write('data: "tick"\n\n')
  second.res.write('data: "tack"\n\n')
  for (const { messages } of tabs) {
    await until(() => messages.entries.filter((data) => data === 'tack').length === 2)
    expect(messages.entries).toEqual(['tick', 'tack', 'tick', 'tick', 'tick', 'tack'])
  }
})
