import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { eventually, parseEvents, type ReceivedEvent } from '@downstream/testing'
import { createRuns } from '../../src/run/create-runs.ts'
import type { Runs, RunsOptions } from '../../src/run/runs.ts'
import { openEventStream } from '../../src/stream/open-event-stream.ts'

let runs: Runs
let server: Server
let errors: [unknown, string][]
/** How many streams have followed a run. */
let followers: number

async function open(options: RunsOptions = {}): Promise<void> {
  errors = []
  runs = createRuns({ onError: (error, id) => errors.push([error, id]), ...options })
  followers = 0
  server = createServer((req, res) => {
    void runs.follow(openEventStream(req, res), (req.url as string).slice(1))
    followers++
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
}
async function close(): Promise<void> {
  await runs.close()
  server.closeAllConnections()
  server.close()
}

beforeEach(() => open())
afterEach(close)

/** Reads what a client receives, up to its end or to a number of events. */
async function get(id: string, lastEventId = '', count = Number.POSITIVE_INFINITY): Promise<ReceivedEvent[]> {
  const leave = new AbortController()
  const { port } = server.address() as AddressInfo
  const headers: Record<string, string> = lastEventId === '' ? {} : { 'Last-Event-ID': lastEventId }
  const response = await fetch(`http://127.0.0.1:${port}/${id}`, { headers, signal: leave.signal })
  const decoder = new TextDecoder()
  let text = ''
  try {
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true })
      if (parseEvents(text).length >= count) break
    }
  } finally {
    leave.abort()
  }
  return parseEvents(text).slice(0, count)
}

/** All that a client receives, as text. */
async function text(id: string): Promise<string> {
  const { port } = server.address() as AddressInfo
  return (await fetch(`http://127.0.0.1:${port}/${id}`)).text()
}

const datas = (events: ReceivedEvent[]) =>
  events.map(({ event, data }) => (event !== 'message' ? `${event} ${data}` : data))

/** A source that the test writes to. */
function manual() {
  const items: string[] = []
  let wake = () => {}
  let ended = false
  return {
    push(...more: string[]) {
      items.push(...more)
      wake()
    },
    end() {
      ended = true
      wake()
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        while (items.length > 0) yield items.shift() as string
        if (ended) return
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
  }
}

async function ended(id: string): Promise<string> {
  return eventually(`${id} has ended`, async () => {
    const status = (await runs.state(id))?.status
    return status !== 'running' && status
  })
}

test('a follower receives everything from the beginning, then live, then the end', async () => {
  const source = manual()
  source.push('a', 'b')
  const state = await runs.start('x', source)
  expect(state).toMatchObject({ id: 'x', status: 'running', started: true, startedAt: expect.any(Number) })
  const following = get('x')
  await nextTurn()
  source.push('c')
  await sleep(5)
  source.push('d')
  source.end()
  expect(datas(await following)).toEqual(['a', 'b', 'c', 'd', 'end {"status":"done"}'])
  expect(await runs.state('x')).toMatchObject({
    status: 'done',
    events: 4,
    bytes: 36,
    endedAt: expect.any(Number),
  })
  // A client that connects after the end, within the ttl.
  expect(datas(await get('x'))).toEqual(['a', 'b', 'c', 'd', 'end {"status":"done"}'])
})

test('a client resumes after each id, even that of the end', async () => {
  await runs.start('x', ['a', 'b', 'c'])
  await ended('x')
  const all = await get('x')
  for (const [n, { id }] of all.entries()) {
    const rest = await get('x', id)
    expect(rest).toEqual(n === 3 ? [all[3]] : all.slice(n + 1))
  }
})

test('a client that disconnects does not stop the run', async () => {
  const source = manual()
  source.push('a')
  await runs.start('x', source)
  await get('x', '', 1)
  source.push('b')
  source.end()
  expect(await ended('x')).toBe('done')
  expect(datas(await get('x'))).toEqual(['a', 'b', 'end {"status":"done"}'])
})

test('a second start starts nothing, and stops its source', async () => {
  const source = manual()
  await runs.start('x', source)
  const cancel = jest.fn()
  const response = new Response(new ReadableStream({ cancel }), {
    headers: { 'content-type': 'text/event-stream' },
  })
  expect(await runs.start('x', response)).toMatchObject({ started: false, status: 'running' })
  expect(cancel).toHaveBeenCalledTimes(1)
  const factory = jest.fn()
  expect((await runs.start('x', factory)).started).toBe(false)
  expect(factory).not.toHaveBeenCalled()
  source.end()
  await ended('x')
  expect(await runs.start('x', ['b'])).toMatchObject({ started: false, status: 'done' })
})

test('stop aborts the signal, ends the source and all followers', async () => {
  let signal: AbortSignal | undefined
  const left = jest.fn()
  await runs.start('x', async function* (context) {
    signal = context.signal
    expect(context.id).toBe('x')
    try {
      for (let n = 0; ; n++) {
        yield String(n)
        await sleep(1, undefined, context)
      }
    } finally {
      left()
    }
  })
  const following = get('x')
  await eventually('it has begun', async () => ((await runs.state('x'))?.events ?? 0) > 2)
  const state = await runs.stop('x')
  expect(state?.status).toBe('stopped')
  expect(signal?.reason).toMatchObject({ name: 'SseError', code: 'ERR_SSE_RUN_STOPPED' })
  expect(datas(await following).at(-1)).toBe('end {"status":"stopped"}')
  await eventually('the source has ended', () => left.mock.calls.length === 1)
  expect((await runs.state('x'))?.events).toBe(state?.events)
  expect(await runs.stop('x')).toEqual(state)
  expect(await runs.stop('y')).toBeUndefined()
  expect(errors).toEqual([])
})

test('does not wait for a source that is idle forever', async () => {
  await runs.start('x', () => new Promise<never>(() => {}))
  expect((await runs.stop('x'))?.status).toBe('stopped')
})

test('only onError receives the error of a source', async () => {
  const error = new Error('secret')
  await runs.start('x', async function* () {
    yield 'a'
    throw error
  })
  expect(datas(await get('x'))).toEqual(['a', 'end {"status":"failed"}'])
  expect(errors).toEqual([[error, 'x']])
})

test.each<[what: string, item: unknown, code: string]>([
  ['an id', { id: 1, data: 'a' }, 'ERR_SSE_INVALID_EVENT'],
  ['a retry alone', { retry: 1_000 }, 'ERR_SSE_INVALID_EVENT'],
  ['a comment alone', { comment: 'a' }, 'ERR_SSE_INVALID_EVENT'],
  ['the name of the end', { event: 'end', data: 'a' }, 'ERR_SSE_INVALID_EVENT_NAME'],
  ['the name of a gap', { event: 'gap', data: 'a' }, 'ERR_SSE_INVALID_EVENT_NAME'],
  ['what is no event', 7, 'ERR_SSE_INVALID_EVENT'],
  ['data without a form', { data: 1n }, 'ERR_SSE_INVALID_DATA'],
  ['more than maxBytes', { data: 'x'.repeat(2_000) }, 'ERR_SSE_EVENT_TOO_LARGE'],
  ['more than maxBytes in UTF-8', { data: 'ü'.repeat(600) }, 'ERR_SSE_EVENT_TOO_LARGE'],
])('%s fails the run, after what came before', async (_, item, code) => {
  await runs.start('x', ['a', item] as string[], { maxBytes: 1_000 })
  expect(datas(await get('x'))).toEqual(['a', 'end {"status":"failed"}'])
  expect(errors).toEqual([[expect.objectContaining({ code }), 'x']])
})

test('a relayed response loses its ids, keeps the rest, and fails the run if it contains an end event', async () => {
  const respond = (text: string, init: ResponseInit = {}) =>
    new Response(text, { headers: { 'content-type': 'text/event-stream' }, ...init })
  await runs.start('x', async () => respond('id: 7\nevent: gap\ndata: a\n\nid: 8\n\nretry: 5\ndata: b\n\n'))
  const events = await get('x')
  expect(datas(events)).toEqual(['gap a', 'b', 'end {"status":"done"}'])
  expect(events[0]?.id).toMatch(/^[\da-z]+-1$/)
  // A reconnection time stays a line of its own, without an id that would belong to the next event.
  expect(await text('x')).toMatch(
    /\n\nid: \w+-1\nevent: gap\ndata: a\n\nretry: 5\nid: \w+-3\ndata: b\n\nevent: end\nid: \w+-4\n/,
  )
  await runs.start('y', respond('data: a\n\nevent: end\ndata: b\n\n'))
  expect(datas(await get('y'))).toEqual(['a', 'end {"status":"failed"}'])
  await runs.start('z', () => respond('no', { status: 500 }))
  expect(datas(await get('z'))).toEqual(['end {"status":"failed"}'])
  expect(errors.map(([error]) => (error as { code: string }).code)).toEqual([
    'ERR_SSE_INVALID_EVENT_NAME',
    'ERR_SSE_INVALID_SOURCE',
  ])
  await expect(runs.start('w', respond('no', { status: 500 }))).rejects.toMatchObject({
    code: 'ERR_SSE_INVALID_SOURCE',
  })
})

test('reports an unknown run, and an invalid id', async () => {
  expect(await get('x')).toEqual([{ event: 'end', data: '{"status":"unknown"}', id: '0-0' }])
  await runs.start('x', ['a', 'b'])
  await ended('x')
  const [{ id = '' } = {}] = await get('x')
  const [attempt] = id.split('-')
  const whole = ['a', 'b', 'end {"status":"done"}']
  for (const [lastEventId, reason] of [
    ['nonsense', 'malformed'],
    [`${attempt}-99`, 'malformed'],
    [`${attempt}-01`, 'malformed'],
    ['0-0', 'restarted'],
    ['abc-1', 'restarted'],
  ]) {
    expect(datas(await get('x', lastEventId))).toEqual([`gap {"reason":"${reason}"}`, ...whole])
  }
  const [gap] = await get('x', 'nonsense')
  expect(datas(await get('x', gap?.id))).toEqual(whole)
})

test('reports to clients of the old run that it was replaced', async () => {
  await runs.start('x', ['a', 'b'])
  await ended('x')
  const [first] = await get('x')
  expect((await runs.start('x', ['c'], { replace: true })).started).toBe(true)
  expect(datas(await get('x', first?.id))).toEqual([
    'gap {"reason":"restarted"}',
    'c',
    'end {"status":"done"}',
  ])
})

test('a follower that is in the middle of the old run receives the gap, then the new one from its beginning', async () => {
  const long = 'x'.repeat(1_000)
  // More than the buffers of both sockets take while the client does not read.
  const old = Array.from({ length: 30_000 }, (_, n) => `old ${n} ${long}`)
  await runs.start('x', old, { maxBytes: 100_000_000 })
  await ended('x')
  const { port } = server.address() as AddressInfo
  const response = await fetch(`http://127.0.0.1:${port}/x`)
  await runs.start('x', ['new 0', 'new 1'], { replace: true })
  const received = datas(parseEvents(await response.text()))
  const gap = received.indexOf('gap {"reason":"restarted"}')
  expect(gap).toBeGreaterThan(0)
  expect(gap).toBeLessThan(old.length)
  expect(received.slice(0, gap)).toEqual(old.slice(0, gap))
  expect(received.slice(gap + 1)).toEqual(['new 0', 'new 1', 'end {"status":"done"}'])
})

test('events that maxBytes has dropped cause a gap', async () => {
  await runs.start(
    'x',
    Array.from({ length: 100 }, (_, n) => `${n} ${'x'.repeat(80)}`),
    { maxBytes: 1_000 },
  )
  await ended('x')
  const [gap, ...rest] = await get('x')
  expect(gap).toMatchObject({ event: 'gap', data: '{"reason":"expired"}' })
  expect(datas(rest).at(-2)).toMatch(/^99 /)
  expect(rest.length).toBeLessThan(15)
  expect(await get('x', gap?.id)).toEqual(rest)
  expect((await runs.state('x'))?.events).toBe(100)
})

test('a run is forgotten after its ttl', async () => {
  await runs.start('x', ['a'], { ttl: 20 })
  await eventually('it is forgotten', async () => (await runs.state('x')) === undefined)
  expect(datas(await get('x'))).toEqual(['end {"status":"unknown"}'])
})

test('a run that is older than maxAge is stopped', async () => {
  let signal: AbortSignal | undefined
  await runs.start(
    'x',
    (context) => {
      signal = context.signal
      return manual()
    },
    { maxAge: 20 },
  )
  expect(await ended('x')).toBe('stopped')
  expect(signal?.reason).toMatchObject({ code: 'ERR_SSE_RUN_STOPPED' })
})

test('maxAge has no effect on the signal of a run that has ended', async () => {
  let signal: AbortSignal | undefined
  await runs.start(
    'x',
    (context) => {
      signal = context.signal
      return ['a']
    },
    { maxAge: 100 },
  )
  await ended('x')
  // Starts later, and takes as long.
  await runs.start('y', manual(), { maxAge: 100 })
  expect(await ended('y')).toBe('stopped')
  expect(signal?.aborted).toBe(false)
})

test('refuses more than maxRuns, without counting those that have ended', async () => {
  await close()
  await open({ maxRuns: 2 })
  await runs.start('a', manual())
  const source = manual()
  await runs.start('b', source)
  await expect(runs.start('c', [])).rejects.toMatchObject({ code: 'ERR_SSE_TOO_MANY_RUNS' })
  expect((await runs.start('b', [])).started).toBe(false)
  source.end()
  await ended('b')
  await eventually('there is room', () =>
    runs.start('c', []).then(
      () => true,
      () => false,
    ),
  )
})

test('the control events have other names, or none', async () => {
  await close()
  await open({ controlEvents: { end: false, gap: 'lost' } })
  await runs.start('x', [{ event: 'end', data: 'mine' }])
  expect(datas(await get('x', 'nonsense'))).toEqual(['lost {"reason":"malformed"}', 'end mine'])
})

test('close() stops runs that have not ended within drain, and refuses to start others', async () => {
  let signal: AbortSignal | undefined
  await runs.start('x', (context) => {
    signal = context.signal
    return manual()
  })
  const following = get('x')
  await eventually('the follower', () => followers === 1)
  const closed = runs.close({ drain: 1 })
  await expect(runs.start('y', [])).rejects.toMatchObject({ code: 'ERR_SSE_RUNS_CLOSED' })
  expect(datas(await following)).toEqual(['end {"status":"stopped"}'])
  expect(signal?.reason).toMatchObject({ code: 'ERR_SSE_SHUTDOWN' })
  await closed
  // A later client must reconnect: it receives a retry and no end event.
  expect(await get('x')).toEqual([])
})

test('a client that does not read delays nothing, and receives everything once it reads', async () => {
  const text = 'x'.repeat(1_000)
  await runs.start(
    'x',
    Array.from({ length: 3_000 }, (_, n) => `${n} ${text}`),
  )
  await ended('x')
  const { port } = server.address() as AddressInfo
  const response = await fetch(`http://127.0.0.1:${port}/x`)
  await sleep(50)
  const events = parseEvents(await response.text())
  expect(events.map(({ data }) => Number.parseInt(data, 10)).slice(0, -1)).toEqual(
    Array.from({ length: 3_000 }, (_, n) => n),
  )
  expect(events.at(-1)?.event).toBe('end')
})

test('a source that never waits does not block the event loop', async () => {
  await runs.start(
    'x',
    (function* () {
      for (;;) yield 'a'
    })(),
  )
  await sleep(1)
  expect((await runs.stop('x'))?.status).toBe('stopped')
})

test('refuses invalid ids, sources, options and streams', async () => {
  for (const id of ['', 7, undefined, 'x'.repeat(513)]) {
    await expect(runs.start(id as string, [])).rejects.toMatchObject({ code: 'ERR_SSE_INVALID_RUN_ID' })
    await expect(runs.state(id as string)).rejects.toMatchObject({ code: 'ERR_SSE_INVALID_RUN_ID' })
    await expect(runs.stop(id as string)).rejects.toMatchObject({ code: 'ERR_SSE_INVALID_RUN_ID' })
  }
  await expect(runs.start('x', 'text' as never)).rejects.toMatchObject({ code: 'ERR_SSE_INVALID_SOURCE' })
  for (const options of [
    { ttl: 0 },
    { ttl: 1e12 },
    { maxAge: -1 },
    { maxBytes: 1.5 },
    { replace: 1 },
    { tll: 1 },
  ]) {
    await expect(runs.start('x', [], options as never)).rejects.toMatchObject({
      code: 'ERR_SSE_INVALID_OPTION',
    })
  }
  for (const options of [
    { maxRuns: 0 },
    { store: {} },
    { onError: 1 },
    { controlEvents: { end: 'gap' } },
    { x: 1 },
  ]) {
    expect(() => createRuns(options as never)).toThrow(
      expect.objectContaining({ code: 'ERR_SSE_INVALID_OPTION' }),
    )
  }
  expect(() => runs.follow({} as never, 'x')).toThrow(
    expect.objectContaining({ code: 'ERR_SSE_INVALID_OPTION' }),
  )
})

test('two hundred runs with ten reloads each: nothing is lost, repeated or out of order, and there is no gap', async () => {
  const COUNT = 400
  await Promise.all(
    Array.from({ length: 50 }, (_, run) =>
      runs.start(`r${run}`, async function* () {
        for (let n = 0; n < COUNT; n++) {
          yield String(n)
          if (n % 7 === 0) await nextTurn()
        }
      }),
    ),
  )
  const reload = async (id: string) => {
    const received: ReceivedEvent[] = []
    for (let reloads = 0; reloads < 10; reloads++) {
      received.push(...(await get(id, received.at(-1)?.id, 1 + Math.floor(Math.random() * 39))))
    }
    received.push(...(await get(id, received.at(-1)?.id)))
    return datas(received)
  }
  const whole = [...Array.from({ length: COUNT }, (_, n) => String(n)), 'end {"status":"done"}']
  const all = await Promise.all(Array.from({ length: 50 }, (_, n) => reload(`r${n}`)))
  for (const received of all) expect(received).toEqual(whole)
})
