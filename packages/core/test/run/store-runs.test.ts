import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually, parseEvents } from '@downstream/testing'
import { createRuns } from '../../src/run/create-runs.ts'
import { MemoryRunStore } from '../../src/run/memory-run-store.ts'
import type { RunStore } from '../../src/run/run-store.ts'
import type { Runs } from '../../src/run/runs.ts'
import { resolveRunOptions, resolveRunsOptions } from '../../src/run/runs-options.ts'
import type { EventStream } from '../../src/stream/event-stream.ts'
import { openEventStream } from '../../src/stream/open-event-stream.ts'
import { FakePort } from '../hub/fake-port.ts'

const closing: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** One process of two: it shares the given store with the other and does not close it. */
async function openProcess(shared: RunStore) {
  const store: RunStore = {
    start: (id, run) => shared.start(id, run),
    read: (id, place, limit) => shared.read(id, place, limit),
    follow: (id, listener) => shared.follow(id, listener),
    stop: (id) => shared.stop(id),
    close: async () => {},
  }
  const runs = createRuns({ store })
  const followings: { stream: EventStream; over: Promise<void> }[] = []
  const server = createServer((req, res) => {
    const stream = openEventStream(req, res)
    followings.push({ stream, over: runs.follow(stream, (req.url as string).slice(1)) })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(async () => {
    await runs.close()
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { runs, url, followings }
}

/** Waits until the signal aborts. */
function untilStopped() {
  const reasons: unknown[] = []
  return {
    reasons,
    source: async function* ({ signal }: { signal: AbortSignal }) {
      yield 'a'
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
      reasons.push(signal.reason)
    },
  }
}

async function hasEvents(runs: Runs, id: string): Promise<void> {
  await eventually('the first event', async () => (await runs.state(id))?.events === 1)
}

test('close() makes its followers of other processes’ runs reconnect elsewhere, and ends its own runs for all', async () => {
  const shared = new MemoryRunStore()
  const [one, other] = [await openProcess(shared), await openProcess(shared)]
  const [own, others] = [untilStopped(), untilStopped()]
  await one.runs.start('own', own.source)
  await other.runs.start('others', others.source)
  await hasEvents(one.runs, 'own')
  await hasEvents(other.runs, 'others')
  const [ofOther, ofOwn, elsewhere] = ['/others', '/own']
    .map((path) => fetch(one.url + path))
    .concat(fetch(`${other.url}/own`))
  const responses = await Promise.all([ofOther, ofOwn, elsewhere])
  await one.runs.close()
  const [sentAway, ended, endedElsewhere] = await Promise.all(
    responses.map((response) => response?.text() ?? ''),
  )
  // The client is asked to reconnect: a retry and no end. The run itself continues.
  expect(sentAway).toMatch(/data: a\n\n(?:.*\n)*retry: \d+\n\n$/)
  expect(sentAway).not.toContain('event: end')
  expect((await other.runs.state('others'))?.status).toBe('running')
  for (const text of [ended, endedElsewhere]) {
    expect(parseEvents(text ?? '').at(-1)).toMatchObject({ event: 'end', data: '{"status":"stopped"}' })
  }
  expect(own.reasons).toEqual([expect.objectContaining({ code: 'ERR_SSE_SHUTDOWN' })])
  expect(others.reasons).toEqual([])
  await expect(one.runs.start('own', [])).rejects.toMatchObject({ code: 'ERR_SSE_RUNS_CLOSED' })
})

test('close() disconnects those followers at once, while its own runs may finish', async () => {
  const shared = new MemoryRunStore()
  const [one, other] = [await openProcess(shared), await openProcess(shared)]
  let end = () => {}
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  await one.runs.start('own', async function* () {
    await ended
    yield 'last'
  })
  await other.runs.start('others', untilStopped().source)
  const [ofOther, ofOwn] = await Promise.all(['/others', '/own'].map((path) => fetch(one.url + path)))
  const closed = one.runs.close({ drain: 60_000 })
  expect(await ofOther?.text()).not.toContain('event: end')
  end()
  expect(parseEvents((await ofOwn?.text()) ?? '').map(({ data }) => data)).toEqual([
    'last',
    '{"status":"done"}',
  ])
  await closed
})

test('close() refuses invalid options, and then closes nothing', async () => {
  const { runs } = await openProcess(new MemoryRunStore())
  for (const options of [
    { drain: -1 },
    { drain: Number.NaN },
    { drain: Number.POSITIVE_INFINITY },
    { drain: '10' },
    { retry: -1 },
    { retry: [2, 1] },
    { drian: 10 },
    null,
  ]) {
    expect(() => runs.close(options as never)).toThrow(
      expect.objectContaining({ code: 'ERR_SSE_INVALID_OPTION' }),
    )
  }
  expect((await runs.start('a', ['a'])).started).toBe(true)
})

test('close() waits for a start that the store has not answered, which then rejects', async () => {
  const shared = new MemoryRunStore()
  let answer = () => {}
  const answered = new Promise<void>((resolve) => {
    answer = resolve
  })
  const start = shared.start.bind(shared)
  shared.start = async (id, run) => {
    await answered
    return start(id, run)
  }
  const { runs } = await openProcess(shared)
  const started = runs.start('a', ['a'])
  const order: string[] = []
  const closed = runs.close().then(() => order.push('closed'))
  const rejected = started.catch(({ code }) => order.push(code))
  await sleep(20)
  answer()
  await Promise.all([rejected, closed])
  expect(order).toEqual(['ERR_SSE_RUNS_CLOSED', 'closed'])
  expect((await shared.read('a', undefined, 0))?.state).toMatchObject({ status: 'stopped', events: 0 })
})

test('the signal of a run that the store has lost aborts with that reason', async () => {
  const shared = new MemoryRunStore()
  const { runs } = await openProcess(shared)
  const { source, reasons } = untilStopped()
  await runs.start('a', source)
  await hasEvents(runs, 'a')
  await shared.close()
  await eventually('the source gets the reason', () => reasons.length > 0)
  expect(reasons).toEqual([expect.objectContaining({ code: 'ERR_SSE_RUN_LOST' })])
})

test('follow() resolves when its client has disconnected, and the run continues', async () => {
  const { runs, url, followings } = await openProcess(new MemoryRunStore())
  await runs.start('a', untilStopped().source)
  const leave = new AbortController()
  await fetch(`${url}/a`, { signal: leave.signal })
  leave.abort()
  await followings[0]?.over
  expect(followings[0]?.stream.closed).toBe(true)
  expect((await runs.state('a'))?.status).toBe('running')
})

test('the store is followed once for all clients, and again for one that connects after they have disconnected', async () => {
  const shared = new MemoryRunStore()
  const ended = jest.fn()
  const follow = shared.follow.bind(shared)
  const following = jest.spyOn(shared, 'follow').mockImplementation((id, listener) => {
    const end = follow(id, listener)
    return () => {
      ended()
      end()
    }
  })
  const { runs } = await openProcess(shared)
  let proceed = () => {}
  await runs.start('a', async function* () {
    yield '1'
    await new Promise<void>((resolve) => {
      proceed = resolve
    })
    yield '2'
  })
  await hasEvents(runs, 'a')
  const [one, other, late] = [new FakePort(), new FakePort(), new FakePort()]
  const followed = [runs.follow(one, 'a'), runs.follow(other, 'a')]
  expect(following).toHaveBeenCalledTimes(1)
  one.cut()
  other.cut()
  await Promise.all(followed)
  expect(ended).toHaveBeenCalledTimes(1)
  const over = runs.follow(late, 'a')
  await eventually('the first event', () => late.events.length === 1)
  proceed()
  await over
  expect(late.events.map(({ data }) => data)).toEqual(['1', '2', '{"status":"done"}'])
  expect([following.mock.calls.length, ended.mock.calls.length]).toEqual([2, 2])
})

test('a stream whose client has disconnected follows nothing', async () => {
  const shared = new MemoryRunStore()
  const follow = jest.spyOn(shared, 'follow')
  const { runs } = await openProcess(shared)
  const port = new FakePort()
  port.cut()
  await runs.follow(port, 'a')
  expect(follow).not.toHaveBeenCalled()
})

test('a source that start() refuses is stopped', async () => {
  const runs = createRuns({ maxRuns: 1 })
  closing.push(() => runs.close())
  await runs.start('a', untilStopped().source)
  for (const [id, options] of [
    ['', {}],
    ['b', { ttl: -1 }],
    ['b', {}],
  ] as const) {
    const cancel = jest.fn()
    const response = new Response(new ReadableStream({ cancel }), {
      headers: { 'content-type': 'text/event-stream' },
    })
    await expect(runs.start(id, response, options)).rejects.toMatchObject({ name: 'SseError' })
    expect(cancel).toHaveBeenCalledTimes(1)
  }
})

test('maxRuns counts starts that the store has not answered', async () => {
  const runs = createRuns({ maxRuns: 2 })
  closing.push(() => runs.close())
  const started = ['a', 'b', 'c'].map((id) => runs.start(id, untilStopped().source))
  const results = await Promise.allSettled(started)
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
})

test('close() waits until every client has received its end, and closes the store once', async () => {
  const shared = new MemoryRunStore()
  const closeStore = jest.spyOn(shared, 'close')
  const runs = createRuns({ store: shared })
  const [own, others] = [new FakePort(), new FakePort()]
  await runs.start('own', untilStopped().source)
  const run = { ttl: 60_000, maxBytes: 1_000, replace: false, onRevoked() {} }
  await (await shared.start('others', run)).claim?.append(['data: a\n\n'])
  for (const port of [own, others]) port.room = 0
  void runs.follow(own, 'own')
  void runs.follow(others, 'others')
  await eventually('both have an event', () => own.events.length + others.events.length === 2)
  const closed = runs.close()
  expect(runs.close()).toBe(closed)
  let over = false
  void closed.then(() => {
    over = true
  })
  for (const port of [own, others]) {
    await eventually('the end', () => port.closed)
    await sleep(5)
    expect([over, closeStore.mock.calls.length]).toEqual([false, 0])
    port.flow()
  }
  await closed
  expect(closeStore).toHaveBeenCalledTimes(1)
})

test('while it drains, a client that follows another process’ run must reconnect, unless the run has ended', async () => {
  const shared = new MemoryRunStore()
  const { runs } = await openProcess(shared)
  await runs.start('own', untilStopped().source)
  const run = { ttl: 60_000, maxBytes: 1_000, replace: false, onRevoked() {} }
  for (const id of ['running', 'ended']) {
    const { claim } = await shared.start(id, run)
    await claim?.append(['data: a\n\n'])
    if (id === 'ended') await claim?.end('done')
  }
  const closed = runs.close({ drain: 60_000 })
  const [away, whole] = [new FakePort(), new FakePort()]
  await Promise.all([runs.follow(away, 'running'), runs.follow(whole, 'ended')])
  expect([away.code, away.events]).toEqual(['ERR_SSE_SHUTDOWN', []])
  expect(whole.events.map(({ data }) => data)).toEqual(['a', '{"status":"done"}'])
  await runs.stop('own')
  await closed
})

test('a run is produced here although the one that it has replaced ends later', async () => {
  // Its followers would have to reconnect while this process drains.
  const shared = new MemoryRunStore()
  let end = () => {}
  const endable = new Promise<void>((resolve) => {
    end = resolve
  })
  const start = shared.start.bind(shared)
  const { runs } = await openProcess(shared)
  jest.spyOn(shared, 'start').mockImplementationOnce(async (id, run) => {
    const { state, claim } = await start(id, run)
    if (claim === undefined) return { state }
    return {
      state,
      claim: {
        attempt: claim.attempt,
        append: (events) => claim.append(events),
        async end(status) {
          await endable
          await claim.end(status)
        },
      },
    }
  })
  await runs.start('a', untilStopped().source)
  await runs.stop('a')
  await runs.start('a', untilStopped().source, { replace: true })
  end()
  await sleep(5)
  const port = new FakePort()
  void runs.follow(port, 'a')
  await eventually('the first event', () => port.events.length > 0)
  const closed = runs.close({ drain: 60_000 })
  expect(port.closed).toBe(false)
  await runs.stop('a')
  await closed
  expect(port.events.at(-1)?.data).toBe('{"status":"stopped"}')
})

test('a stream follows one run', async () => {
  const { runs, url, followings } = await openProcess(new MemoryRunStore())
  await runs.start('a', untilStopped().source)
  await fetch(`${url}/a`)
  expect(() => runs.follow(followings[0]?.stream as EventStream, 'b')).toThrow(
    expect.objectContaining({ code: 'ERR_SSE_ALREADY_SUBSCRIBED' }),
  )
})

test('the option serialize converts data that is not a string', async () => {
  const runs = createRuns({ serialize: (data) => `<${String(data)}>` })
  closing.push(() => runs.close())
  await runs.start('a', [{ data: 1 }, 'text'])
  await eventually('its end', async () => (await runs.state('a'))?.status === 'done')
  // `data: <1>` and `data: text`, each with its two line ends.
  expect((await runs.state('a'))?.bytes).toBe('data: <1>\n\ndata: text\n\n'.length)
})

test('the error of a source is a process warning unless there is an onError', async () => {
  const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const runs = createRuns()
  closing.push(() => runs.close())
  const error = new Error('no model')
  await runs.start('a', () => Promise.reject(error))
  await eventually('its end', async () => (await runs.state('a'))?.status === 'failed')
  expect(warned.mock.calls).toEqual([[error]])
  warned.mockRestore()
})

test('the defaults are the documented ones', () => {
  expect(resolveRunOptions({})).toEqual({
    ttl: 600_000,
    maxBytes: 4 * 1024 * 1024,
    maxAge: 3_600_000,
    replace: false,
  })
  expect(resolveRunsOptions({})).toMatchObject({ names: { end: 'end', gap: 'gap' }, maxRuns: 10_000 })
})
