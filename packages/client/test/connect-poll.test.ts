import { Journal, until } from '../../../test/clients/journal.ts'
import { type ConnectOptions, connect, type SourceState } from '../src/index.ts'
import { EventServer, type Exchange } from './event-server.ts'

let server: EventServer
const sources: { close(): void }[] = []

beforeEach(async () => {
  server = await EventServer.start()
})

afterEach(async () => {
  for (const source of sources.splice(0)) source.close()
  await server.close()
})

function open(options: ConnectOptions) {
  const source = connect(server.url, { retry: { min: 1, max: 5 }, ...options })
  sources.push(source)
  const states = new Journal<SourceState>()
  source.onState((state) => states.add(state))
  const messages = new Journal<unknown>()
  source.on('message', (data) => messages.add(data))
  return { source, states, messages }
}

/** As the server answers a request with Prefer: wait. */
function answerPoll({ res }: Exchange, text: string): void {
  res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Preference-Applied': 'wait=1' }).end(text)
}

test('poll: always requests finite responses, each from where the previous one ended', async () => {
  const { messages, states } = open({ poll: 'always' })
  for (let n = 0; n < 3; n++) {
    const exchange = await server.requests.at(n)
    expect(exchange.headers).toMatchObject(n === 0 ? { prefer: 'wait=20' } : { 'last-event-id': String(n) })
    answerPoll(exchange, `id: ${n + 1}\ndata: ${n}\n\n`)
  }
  expect(await messages.first(3)).toEqual([0, 1, 2])
  // Between two responses a page is as up to date as one that streams.
  expect(states.entries).toEqual(['connecting', 'open'])
})

test('responses that end at once are requested as often as retry allows', async () => {
  open({ poll: 'always', retry: { min: 300 } })
  const started = Date.now()
  for (let n = 0; n < 3; n++) answerPoll(await server.requests.at(n), `data: ${n}\n\n`)
  await server.requests.at(3)
  expect(Date.now() - started).toBeGreaterThanOrEqual(890)
})

test('a failed poll is repeated', async () => {
  const { states } = open({ poll: 'always' })
  ;(await server.requests.at(0)).answer(502)
  ;(await server.requests.at(1)).res.destroy()
  answerPoll(await server.requests.at(2), 'data: 1\n\n')
  expect(await states.first(6)).toEqual([
    'connecting',
    'waiting',
    'connecting',
    'waiting',
    'connecting',
    'open',
  ])
})

test.each<[what: string, hold: (exchange: Exchange) => void]>([
  ['the headers', () => {}],
  ['the first byte', ({ res }) => res.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders()],
])('if %s of a stream is held back, it polls with the same id, and streams again later', async (_, hold) => {
  const { messages, states } = open({ openTimeout: 250, after: '7' })
  const stream = await server.requests.at(0)
  expect(stream.headers).not.toHaveProperty('prefer')
  hold(stream)
  const first = await server.requests.at(1)
  expect(first.headers).toMatchObject({ prefer: 'wait=1', 'last-event-id': '7' })
  answerPoll(first, 'id: 8\ndata: 8\n\n')
  let polls = 0
  for (let n = 2; ; n++) {
    const exchange = await server.requests.at(n)
    expect(exchange.headers['last-event-id']).toBe('8')
    if (!exchange.headers.prefer) {
      exchange.stream('id: 9\ndata: 9\n\n')
      break
    }
    polls++
    expect(exchange.headers.prefer).toBe('wait=20')
    setTimeout(() => answerPoll(exchange, ':\n\n'), 100)
  }
  expect(polls).toBeGreaterThan(0)
  expect(await messages.first(2)).toEqual([8, 9])
  expect(states.entries.at(-1)).toBe('open')
})

test('if neither a stream nor a poll is answered, it streams again', async () => {
  const { messages } = open({ openTimeout: 100 })
  // A busy server may never see a request that its client has given up.
  await until(() => {
    const [before, last] = server.requests.entries.slice(-2)
    return before?.headers.prefer === 'wait=1' && last?.headers.prefer === undefined
  })
  await until(() => {
    const last = server.requests.entries.at(-1)
    if (last?.headers.prefer === undefined && !last?.res.headersSent) last?.stream('data: 1\n\n')
    return messages.entries.length > 0
  })
  expect(messages.entries).toEqual([1])
})

test('a silent server without long polling is not polled again and again', async () => {
  const { states, messages } = open({ openTimeout: 500 })
  const beQuiet = ({ res }: Exchange) =>
    res.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders()
  for (const n of [0, 1, 2]) beQuiet(await server.requests.at(n))
  // connecting (stream), connecting (poll), waiting, connecting, open
  while (states.entries.at(-1) !== 'open') await states.at(states.entries.length)
  ;(await server.requests.at(2)).res.write('data: 1\n\n')
  expect(await messages.at(0)).toBe(1)
  expect(server.requests.entries).toHaveLength(3)
})

test('with poll: never the client does not poll', async () => {
  open({ openTimeout: 50, poll: 'never' })
  await server.requests.first(4)
  expect(server.requests.entries.filter(({ headers }) => headers.prefer)).toEqual([])
})

test('poll: always does not poll with a POST, and does not repeat it', async () => {
  const { states } = open({ body: 'x', poll: 'always' })
  const exchange = await server.requests.at(0)
  expect(exchange.headers).not.toHaveProperty('prefer')
  answerPoll(exchange, 'data: 1\n\n')
  expect(await states.first(3)).toEqual(['connecting', 'open', 'closed'])
  expect(server.requests.entries).toHaveLength(1)
})
