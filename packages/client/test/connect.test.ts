import { getEventListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Journal } from '../../../test/clients/journal.ts'
import {
  type ConnectError,
  type ConnectOptions,
  connect,
  type SourceState,
  type TypedEventSource,
} from '../src/index.ts'
import { EventServer } from './event-server.ts'

/** Short, so that the tests are fast. */
const retry = { min: 1, max: 5 }

let server: EventServer
const sources: { close(): void }[] = []

beforeEach(async () => {
  server = await EventServer.start()
})

afterEach(async () => {
  for (const source of sources.splice(0)) source.close()
  await server.close()
})

function open(options: ConnectOptions = {}, url: string = server.url) {
  const source: TypedEventSource = connect(url, { retry, ...options })
  sources.push(source)
  const states = new Journal<[state: SourceState, status?: number]>()
  const errors = new Journal<ConnectError | undefined>()
  source.onState((state, error) => {
    states.add(error?.status ? [state, error.status] : [state])
    if (state === 'closed') errors.add(error)
  })
  const messages = new Journal<unknown>()
  source.on('message', (data) => messages.add(data))
  return { source, states, errors, messages }
}

test('requests an event stream, without an id at first', async () => {
  open()
  const { method, headers } = await server.requests.at(0)
  expect(method).toBe('GET')
  expect(headers).toMatchObject({ accept: 'text/event-stream' })
  expect(headers).not.toHaveProperty('last-event-id')
  expect(headers).not.toHaveProperty('prefer')
})

test('a listener receives parsed data and the event', async () => {
  const { source } = open()
  const received = new Journal<unknown>()
  source.on('news', (data, event) => received.add([data, event]))
  ;(await server.requests.at(0)).stream(
    'event: news\nid: 1\ndata: {"a":[1]}\n\nevent: news\ndata: no JSON\n\n',
  )
  expect(await received.first(2)).toEqual([
    [{ a: [1] }, { event: 'news', data: { a: [1] }, id: '1' }],
    ['no JSON', { event: 'news', data: 'no JSON', id: '1' }],
  ])
  expect(source.lastEventId).toBe('1')
})

test('the bytes of one character may arrive separately, and a byte order mark is dropped', async () => {
  const { messages } = open()
  const { res } = await server.requests.at(0)
  const bytes = Buffer.from('\ufeffdata: "Grüße 😀"\n\n')
  res.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' })
  for (const byte of bytes) {
    res.write(Buffer.from([byte]))
    await sleep(1)
  }
  expect(await messages.at(0)).toBe('Grüße 😀')
})

test('a removed listener receives nothing more', async () => {
  const { source, messages } = open()
  const received: unknown[] = []
  const listener = (data: unknown) => received.push(data)
  const off = source.on('message', listener)
  source.on('message', listener)
  const states: SourceState[] = []
  const offState = source.onState((state) => states.push(state))
  offState()
  const { res, stream } = await server.requests.at(0)
  stream('data: 1\n\n')
  await messages.first(1)
  off()
  off()
  res.write('data: 2\n\n')
  await messages.first(2)
  expect(received).toEqual([1, 1, 2])
  // It was called once, when it was added.
  expect(states).toEqual(['connecting'])
})

test('an error of a listener is reported, and the others receive the event', async () => {
  const reported = new Journal<unknown>()
  const globals = globalThis as { reportError?: (error: unknown) => void }
  globals.reportError = (error) => reported.add(error)
  try {
    const source = connect(server.url, { retry })
    sources.push(source)
    const error = new Error('mine')
    source.on('message', () => {
      throw error
    })
    const received = new Journal<unknown>()
    source.on('message', (data) => received.add(data))
    ;(await server.requests.at(0)).stream('data: 1\n\ndata: 2\n\n')
    expect(await received.first(2)).toEqual([1, 2])
    expect(reported.entries).toEqual([error, error])
  } finally {
    Reflect.deleteProperty(globals, 'reportError')
  }
})

test('the option parse converts the data, and an error that it throws is reported', async () => {
  const reported = new Journal<unknown>()
  const globals = globalThis as { reportError?: (error: unknown) => void }
  globals.reportError = (error) => reported.add(String(error))
  try {
    const parse = (text: string, event: string) => {
      if (text === 'bad') throw new Error('bad')
      return `${event} ${text}`
    }
    const { messages } = open({ parse })
    ;(await server.requests.at(0)).stream('data: 1\n\ndata: bad\n\ndata: 2\n\n')
    expect(await messages.first(2)).toEqual(['message 1', 'message 2'])
    expect(reported.entries).toEqual(['Error: bad'])
  } finally {
    Reflect.deleteProperty(globals, 'reportError')
  }
})

test('reconnects after an end and after a cut, with the last id', async () => {
  const { messages, states } = open()
  const first = await server.requests.at(0)
  first.stream('id: a b\ndata: 1\n\n')
  await messages.first(1)
  first.res.end()
  const second = await server.requests.at(1)
  expect(second.headers['last-event-id']).toBe('a b')
  second.stream('id: 2\ndata: 2\n\nid: 3\ndata: 3')
  await messages.first(2)
  second.res.destroy()
  const third = await server.requests.at(2)
  expect(third.headers['last-event-id']).toBe('2')
  third.stream('id: \ndata: 3\n\n')
  await messages.first(3)
  third.res.end()
  expect((await server.requests.at(3)).headers).not.toHaveProperty('last-event-id')
  const cycle = [['connecting'], ['open'], ['waiting']]
  expect(states.entries).toEqual([...cycle, ...cycle, ...cycle, ['connecting']])
})

test('starts after the given id, even one that is not ASCII', async () => {
  open({ after: 'ä' })
  const { headers } = await server.requests.at(0)
  expect(Buffer.from(String(headers['last-event-id']), 'latin1').toString()).toBe('ä')
})

test.each([500, 502, 503, 504, 429])('reconnects after a %i', async (status) => {
  const { states, messages } = open()
  ;(await server.requests.at(0)).answer(status)
  ;(await server.requests.at(1)).stream('data: 1\n\n')
  await messages.first(1)
  expect(states.entries).toEqual([['connecting'], ['waiting', status], ['connecting', status], ['open']])
})

test('reconnects after a 200 of another type', async () => {
  const { states, messages } = open()
  ;(await server.requests.at(0)).answer(200, { 'Content-Type': 'text/html' })
  ;(await server.requests.at(1)).stream('data: 1\n\n')
  await messages.first(1)
  expect(states.entries[1]).toEqual(['waiting', 200])
})

test('reconnects to a server that was not running', async () => {
  const { port } = server
  const { messages, states } = open()
  ;(await server.requests.at(0)).stream('id: 1\ndata: 1\n\n')
  await messages.first(1)
  await server.close()
  await states.first(6)
  server = await EventServer.start(port)
  const { stream, headers } = await server.requests.at(0)
  expect(headers['last-event-id']).toBe('1')
  stream('id: 2\ndata: 2\n\n')
  expect(await messages.first(2)).toEqual([1, 2])
})

test.each(['1', () => new Date(Date.now() + 1_500).toUTCString()])(
  'waits as long as Retry-After says (%s)',
  async (value) => {
    open()
    const { answer } = await server.requests.at(0)
    const asked = Date.now()
    answer(503, { 'Retry-After': typeof value === 'string' ? value : value() })
    await server.requests.at(1)
    expect(Date.now() - asked).toBeGreaterThan(400)
  },
)

test('waits at least for the retry of the server', async () => {
  open()
  const { res, stream } = await server.requests.at(0)
  stream('retry: 300\n')
  const ended = Date.now()
  res.end()
  await server.requests.at(1)
  expect(Date.now() - ended).toBeGreaterThanOrEqual(290)
})

test('headers are requested for each attempt, and a 401 leads to one more at once', async () => {
  const statuses: (number | undefined)[] = []
  const { states, messages, errors } = open({
    headers: async (error) => {
      statuses.push(error?.status)
      return { Authorization: `Bearer ${statuses.length}` }
    },
  })
  ;(await server.requests.at(0)).answer(401)
  const second = await server.requests.at(1)
  second.stream('data: 1\n\n')
  await messages.first(1)
  second.res.end()
  ;(await server.requests.at(2)).answer(403)
  ;(await server.requests.at(3)).answer(401)
  expect(await errors.at(0)).toMatchObject({ status: 401 })
  expect(server.requests.entries.map(({ headers }) => headers.authorization)).toEqual(
    [1, 2, 3, 4].map((n) => `Bearer ${n}`),
  )
  expect(statuses).toEqual([undefined, 401, undefined, 403])
  expect(states.entries.at(-1)).toEqual(['closed', 401])
})

test('an attempt whose headers() fails counts as failed', async () => {
  let calls = 0
  const { messages, states } = open({
    headers: () => {
      if (++calls === 1) throw new Error('no token')
      return {}
    },
  })
  ;(await server.requests.at(0)).stream('data: 1\n\n')
  await messages.first(1)
  expect(states.entries.map(([state]) => state)).toEqual(['connecting', 'waiting', 'connecting', 'open'])
})

test.each([400, 404, 410, 422])('a %i closes the source, with an error that says so', async (status) => {
  const { errors } = open()
  ;(await server.requests.at(0)).answer(status)
  expect(await errors.at(0)).toMatchObject({ status, message: expect.stringContaining(String(status)) })
})

test('a 204 closes the source without an error', async () => {
  const { errors, states } = open()
  ;(await server.requests.at(0)).answer(204)
  expect(await errors.at(0)).toBeUndefined()
  expect(states.entries).toEqual([['connecting'], ['closed']])
  await sleep(50)
  expect(server.requests.entries).toHaveLength(1)
})

test('the event "end" is received, and then the source is closed', async () => {
  const { source, errors, messages } = open()
  const ends: unknown[] = []
  source.on('end', (data) => ends.push(data))
  ;(await server.requests.at(0)).stream('data: 1\n\nevent: end\ndata: {"status":"done"}\n\ndata: 2\n\n')
  expect(await errors.at(0)).toBeUndefined()
  await sleep(50)
  expect(ends).toEqual([{ status: 'done' }])
  expect(messages.entries).toEqual([1])
  expect(server.requests.entries).toHaveLength(1)
})

test('until sets another last event, or none', async () => {
  const first = open({ until: 'done' })
  ;(await server.requests.at(0)).stream('event: end\ndata: 1\n\nevent: done\ndata: 1\n\n')
  await first.errors.at(0)
  const second = open({ until: false })
  ;(await server.requests.at(1)).stream('event: end\ndata: 1\n\ndata: 2\n\n')
  expect(await second.messages.at(0)).toBe(2)
})

test('after close() in a listener no later event of the same piece is received', async () => {
  const { source, messages, states } = open()
  source.on('message', () => source.close())
  const { res, stream } = await server.requests.at(0)
  stream('id: 1\ndata: 1\n\nid: 2\ndata: 2\n\n')
  await new Promise((resolve) => res.once('close', resolve))
  expect(messages.entries).toEqual([1])
  expect(source.lastEventId).toBe('1')
  expect(states.entries.at(-1)).toEqual(['closed'])
})

test.each(['before', 'after'])(
  'a signal that aborts %s the source connects closes the source',
  async (when) => {
    const controller = new AbortController()
    if (when === 'before') controller.abort()
    const { errors, states } = open({ signal: controller.signal })
    if (when === 'after') {
      const { res, stream } = await server.requests.at(0)
      stream()
      await states.first(2)
      controller.abort()
      await new Promise((resolve) => res.once('close', resolve))
    }
    expect(await errors.at(0)).toBeUndefined()
    expect(server.requests.entries).toHaveLength(when === 'before' ? 0 : 1)
  },
)

test('a source that is closed leaves no listener on its signal', async () => {
  const { signal } = new AbortController()
  const { source } = open({ signal })
  await server.requests.at(0)
  expect(getEventListeners(signal, 'abort')).toHaveLength(1)
  source.close()
  expect(getEventListeners(signal, 'abort')).toEqual([])
})

test('a source that is closed at once sends no request', async () => {
  open().source.close()
  open()
  await server.requests.at(0)
  await sleep(50)
  expect(server.requests.entries).toHaveLength(1)
})

test('a PUT is sent once, as a POST', async () => {
  const { errors } = open({ method: 'PUT', body: 'x' })
  ;(await server.requests.at(0)).res.destroy()
  await errors.at(0)
  await sleep(50)
  expect(server.requests.entries.map(({ method }) => method)).toEqual(['PUT'])
})

test('a loop receives all events, and ends when it is closed', async () => {
  const { source } = open()
  const received: unknown[] = []
  const loop = (async () => {
    for await (const { event, data, id } of source) received.push([event, data, id])
  })()
  const { res, stream } = await server.requests.at(0)
  stream('id: 1\ndata: 1\n\nevent: b\ndata: 2\n\n')
  await sleep(20)
  res.write('data: 3\n\nevent: end\ndata\n\n')
  await loop
  expect(received).toEqual([
    ['message', 1, '1'],
    ['b', 2, '1'],
    ['message', 3, '1'],
    ['end', '', '1'],
  ])
})

test('a loop over a source that is refused throws', async () => {
  const { source } = open()
  const loop = (async () => {
    for await (const _ of source);
  })()
  const failure = loop.catch((error) => error)
  ;(await server.requests.at(0)).answer(404)
  expect(await failure).toMatchObject({ status: 404 })
})

test('ending a loop closes the source', async () => {
  const { source, states } = open()
  const loop = (async () => {
    for await (const _ of source) break
  })()
  const { res, stream } = await server.requests.at(0)
  stream('data: 1\n\n')
  await loop
  await new Promise((resolve) => res.once('close', resolve))
  expect(states.entries.at(-1)).toEqual(['closed'])
})

describe('a POST', () => {
  test('is sent with its body and headers, and closes with its response', async () => {
    const { errors, messages } = open({
      method: 'POST',
      body: '{"q":1}',
      headers: { 'Content-Type': 'application/json' },
    })
    const { method, headers, body, res, stream } = await server.requests.at(0)
    expect([method, headers['content-type'], body]).toEqual(['POST', 'application/json', '{"q":1}'])
    stream('data: 1\n\n')
    await messages.first(1)
    res.end()
    expect(await errors.at(0)).toBeUndefined()
    await sleep(50)
    expect(server.requests.entries).toHaveLength(1)
  })

  test.each<[string, (exchange: Awaited<ReturnType<typeof server.requests.at>>) => void]>([
    ['a cut before the answer', ({ res }) => res.destroy()],
    [
      'a cut in the middle',
      ({ res, stream }) => {
        stream()
        setTimeout(() => res.destroy(), 20)
      },
    ],
    ['a 502', ({ answer }) => answer(502)],
    ['a 401', ({ answer }) => answer(401)],
    ['a 429', ({ answer }) => answer(429)],
    ['another type', ({ answer }) => answer(200)],
  ])('is not sent again after %s', async (_, fail) => {
    const { errors } = open({ body: 'x' })
    fail(await server.requests.at(0))
    expect(await errors.at(0)).toMatchObject({ message: expect.any(String) })
    await sleep(50)
    expect(server.requests.entries).toHaveLength(1)
  })

  test('continues by GET at the resume URL, with its id', async () => {
    const other = await EventServer.start()
    try {
      const { messages, errors } = open({ body: 'x', resume: other.url })
      const first = await server.requests.at(0)
      first.stream('id: 5\ndata: 1\n\n')
      await messages.first(1)
      first.res.destroy()
      const second = await other.requests.at(0)
      expect([second.method, second.body, second.headers['last-event-id']]).toEqual(['GET', '', '5'])
      second.res.destroy()
      const third = await other.requests.at(1)
      third.stream('id: 6\ndata: 2\n\nevent: end\ndata\n\n')
      expect(await errors.at(0)).toBeUndefined()
      expect(messages.entries).toEqual([1, 2])
      expect(server.requests.entries).toHaveLength(1)
    } finally {
      await other.close()
    }
  })
})

describe('silence', () => {
  test('reopens a silent connection, with its id', async () => {
    const { messages, states } = open({ silence: 200 })
    const { stream } = await server.requests.at(0)
    stream('id: 1\ndata: 1\n\n')
    await messages.first(1)
    const since = Date.now()
    const second = await server.requests.at(1)
    expect(Date.now() - since).toBeGreaterThanOrEqual(190)
    expect(second.headers['last-event-id']).toBe('1')
    expect(states.entries.map(([state]) => state)).toEqual(['connecting', 'open', 'waiting', 'connecting'])
  })

  test('comments keep the connection from counting as silent', async () => {
    const { states } = open({ silence: 1_000 })
    const { res, stream } = await server.requests.at(0)
    stream()
    const comments = setInterval(() => res.write(':\n\n'), 50)
    await sleep(2_000)
    clearInterval(comments)
    // The machine may have been busy for longer than the silence: then it reconnected, but the comment was not the
    // cause.
    expect(states.entries.slice(0, 2)).toEqual([['connecting'], ['open']])
    expect(server.requests.entries.length).toBeLessThan(3)
  })

  test('an attempt that is not answered is aborted', async () => {
    open({ openTimeout: 100, poll: 'never' })
    await server.requests.first(3)
  })

  test('a POST that is not answered closes the source', async () => {
    const { errors } = open({ body: 'x', silence: 100 })
    expect(await errors.at(0)).toMatchObject({ message: expect.any(String) })
    // On a busy machine it may not have arrived in that time.
    expect(server.requests.entries.length).toBeLessThanOrEqual(1)
  })
})
