// Our client with our server: the promises of docs/client.md, counted by the server.
import { setTimeout as sleep } from 'node:timers/promises'
import { type ConnectError, type ConnectOptions, connect, type SourceState } from '@downstream/client'
import { createHub, createRuns, type EventStream, type EventsOf, type Hub } from '@downstream/core'
import { eventSourceSuite } from './event-source-suite.ts'
import { eventTypes } from './events.ts'
import { Journal, until } from './journal.ts'
import { closeServers, type RouteRequest, servers } from './servers.ts'

/** Short, so that the tests are fast. */
const retry = { min: 1, max: 20 }

eventSourceSuite((url, journal) => {
  const source = connect(url, { parse: (text) => text, retry, until: false })
  source.onState((state) => {
    if (state === 'open') journal.add('open')
  })
  for (const type of eventTypes) {
    source.on(type, (_, { event, data, id }) =>
      journal.add({ type: event, data: data as string, lastEventId: id }),
    )
  }
  return source
})

type Channels = { numbers: { number: { n: number; at: Date } }; chat: { message: { text: string } } }

describe.each(servers)('$server', ({ start }) => {
  const sources: { close(): void }[] = []
  let hub: Hub<Channels>

  beforeEach(() => {
    hub = createHub<Channels>()
  })

  afterEach(async () => {
    for (const source of sources.splice(0)) source.close()
    await hub.close()
    await closeServers()
  })

  function open<Events>(url: string, options: ConnectOptions = {}) {
    const source = connect<Events>(url, { retry, ...options })
    sources.push(source)
    const states = new Journal<[state: SourceState, status?: number]>()
    const closed = new Journal<ConnectError | undefined>()
    source.onState((state, error) => {
      states.add(error?.status ? [state, error.status] : [state])
      if (state === 'closed') closed.add(error)
    })
    return { source, states, closed }
  }

  function openNumbers(url: string, options: ConnectOptions = {}) {
    const opened = open<EventsOf<typeof hub, 'numbers'>>(url, { after: hub.cursor(), ...options })
    const numbers = new Journal<number>()
    opened.source.on('number', ({ n }) => numbers.add(n))
    opened.source.on('gap', ({ reason }) => {
      throw new Error(`There is a gap: ${reason}`)
    })
    return { ...opened, numbers }
  }

  function publish(n: number): void {
    hub.publish('numbers', { event: 'number', data: { n, at: new Date() } })
  }

  test('a page typed by its hub gets the data as it is after JSON', async () => {
    const server = await start({ '/events': (sse) => hub.subscribe(sse(), ['numbers', 'chat']) })
    const { source, states } = open<EventsOf<typeof hub, 'numbers' | 'chat'>>(`${server.url}/events`)
    const received = new Journal<unknown>()
    source.on('number', ({ n, at }) => received.add([n, at.slice(0, 2)]))
    source.on('message', ({ text }, { id }) => received.add([text, id === source.lastEventId]))
    await states.first(2)
    publish(1)
    hub.publish('chat', { data: { text: 'a' } })
    expect(await received.first(2)).toEqual([
      [1, '20'],
      ['a', true],
    ])
  })

  test('connections that are cut, ended, refused or answered by another server lose and repeat nothing', async () => {
    const streams = new Journal<EventStream>()
    const trouble: ((answer: RouteRequest['answer']) => unknown)[] = []
    const server = await start({
      '/events': (sse, { answer }) => {
        const next = trouble.shift()
        if (next) return next(answer)
        const stream = sse({ retry: 1 })
        streams.add(stream)
        return hub.subscribe(stream, 'numbers')
      },
    })
    const { numbers, source } = openNumbers(`${server.url}/events`)
    let n = 0
    const publishing = setInterval(() => publish(n++), 1)
    const ends: ((stream: EventStream) => unknown)[] = [
      () => server.cut(),
      (stream) => stream.close(),
      () => hub.disconnect(() => true),
    ]
    for (let round = 0; round < 12; round++) {
      const stream = await streams.at(round)
      await numbers.first(numbers.entries.length + 3)
      if (round % 3 === 0) {
        for (const status of [500, 502, 503, 504]) trouble.push((answer) => answer(status))
        trouble.push((answer) => answer(200, { 'Content-Type': 'text/html' }))
      }
      ends[round % ends.length]?.(stream)
    }
    await streams.first(13)
    clearInterval(publishing)
    expect(await numbers.first(n)).toEqual(Array.from({ length: n }, (_, index) => index))
    await sleep(20)
    expect(numbers.entries).toHaveLength(n)
    expect(trouble).toEqual([])
    expect(source.lastEventId).toBe(hub.cursor())
  })

  test('long polling loses and repeats nothing, and requests the longest wait that it can use', async () => {
    const waits: unknown[] = []
    const streams = new Journal<EventStream>()
    const server = await start({
      '/events': (sse, { raw }) => {
        waits.push(raw.headers.prefer)
        const stream = sse({ retry: 1 })
        streams.add(stream)
        hub.subscribe(stream, 'numbers')
      },
    })
    const { numbers, states } = openNumbers(`${server.url}/events`, { poll: 'always' })
    let n = 0
    const publishing = setInterval(() => publish(n++), 1)
    for (let round = 0; round < 5; round++) {
      await numbers.first(numbers.entries.length + 3)
      server.cut()
    }
    clearInterval(publishing)
    expect(await numbers.first(n)).toEqual(Array.from({ length: n }, (_, index) => index))
    await sleep(20)
    expect(numbers.entries).toHaveLength(n)
    expect(new Set(waits)).toEqual(new Set(['wait=20']))
    // Nothing is published now, so it waits in a request.
    await until(() => streams.entries.at(-1)?.closed === false)
    publish(n)
    expect(await numbers.at(n)).toBe(n)
    expect(states.entries.at(-1)).toEqual(['open'])
  })

  test('a run is followed by long polling to its end', async () => {
    const runs = createRuns()
    const server = await start({ '/events': (sse) => runs.follow(sse({ retry: 1 }), 'one') })
    await runs.start('one', async function* () {
      for (let n = 0; n < 5; n++) {
        yield { event: 'token', data: { n } }
        await sleep(20)
      }
    })
    const { source, closed } = open<{ token: { n: number }; end: { status: string } }>(
      `${server.url}/events`,
      { poll: 'always' },
    )
    const received: unknown[] = []
    source.on('token', ({ n }) => received.push(n))
    source.on('end', ({ status }) => received.push(status))
    expect(await closed.at(0)).toBeUndefined()
    expect(received).toEqual([0, 1, 2, 3, 4, 'done'])
    await runs.close()
  })

  test('a token that has expired is refreshed once, and the stream resumes after its id', async () => {
    let token = 1
    const refused: number[] = []
    const streams = new Journal<EventStream>()
    const server = await start({
      '/events': (sse, { raw, answer }) => {
        if (raw.headers.authorization !== `Bearer ${token}`) {
          refused.push(token)
          return answer(refused.length % 2 ? 401 : 403)
        }
        const stream = sse({ retry: 1 })
        streams.add(stream)
        return hub.subscribe(stream, 'numbers')
      },
    })
    let mine = 1
    const statuses: (number | undefined)[] = []
    const { numbers, states } = openNumbers(`${server.url}/events`, {
      headers: async (error) => {
        statuses.push(error?.status)
        await sleep(1)
        if (error?.status) mine = token
        return { Authorization: `Bearer ${mine}` }
      },
    })
    for (let round = 0; round < 3; round++) {
      const stream = await streams.at(round)
      publish(round)
      await numbers.first(round + 1)
      token++
      stream.close()
    }
    await streams.at(3)
    expect(numbers.entries).toEqual([0, 1, 2])
    expect(refused).toEqual([2, 3, 4])
    expect(statuses).toEqual([undefined, undefined, 401, undefined, 403, undefined, 401])
    expect(states.entries.filter(([state]) => state === 'closed')).toEqual([])
  })

  test.each([401, 403])('a second %i in a row closes the source', async (status) => {
    let requests = 0
    const server = await start({
      '/events': (_, { answer }) => {
        requests++
        answer(status)
      },
    })
    const { closed } = open(`${server.url}/events`, { headers: () => ({}) })
    expect(await closed.at(0)).toMatchObject({ status })
    await sleep(50)
    expect(requests).toBe(2)
  })

  test.each([
    [204, undefined],
    [400, { status: 400 }],
    [404, { status: 404 }],
    [410, { status: 410 }],
  ])('a %i is final', async (status, error) => {
    let requests = 0
    const server = await start({
      '/events': (_, { answer }) => {
        requests++
        answer(status)
      },
    })
    const { closed } = open(`${server.url}/events`)
    const outcome = await closed.at(0)
    if (error) expect(outcome).toMatchObject(error)
    else expect(outcome).toBeUndefined()
    await sleep(50)
    expect(requests).toBe(1)
  })

  test('after a 429 it waits as long as the response says', async () => {
    const asked: number[] = []
    const server = await start({
      '/events': (sse, { answer }) => {
        asked.push(Date.now())
        if (asked.length === 1) answer(429, { 'Retry-After': '1' })
        else sse()
      },
    })
    const { states } = open(`${server.url}/events`)
    expect(await states.first(4)).toEqual([['connecting'], ['waiting', 429], ['connecting', 429], ['open']])
    expect((asked[1] as number) - (asked[0] as number)).toBeGreaterThanOrEqual(990)
  })

  describe('a POST', () => {
    async function startAnswers(runs: ReturnType<typeof createRuns>) {
      const posts: unknown[] = []
      const follows: string[] = []
      const go = new Journal<() => void>()
      const server = await start({
        '/answers': async (sse, { raw, body }) => {
          if (raw.method !== 'POST') {
            follows.push(String(raw.headers['last-event-id']))
            return runs.follow(sse({ retry: 1 }), 'one')
          }
          posts.push(body)
          await runs.start('one', async function* () {
            for (let n = 0; n < 4; n++) {
              yield { event: 'token', data: { n } }
              await new Promise<void>((resolve) => go.add(resolve))
            }
          })
          return runs.follow(sse({ retry: 1 }), 'one')
        },
      })
      return { server, posts, follows, go }
    }

    const request = {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{"prompt":"Why?"}',
    }

    test('is sent once, whatever happens, and continues by GET if its run can be resumed', async () => {
      const runs = createRuns()
      const { server, posts, follows, go } = await startAnswers(runs)
      const { source, closed } = open<{ token: { n: number }; end: { status: string } }>(
        `${server.url}/answers`,
        { ...request, resume: `${server.url}/answers` },
      )
      const received = new Journal<unknown>()
      source.on('token', ({ n }) => received.add(n))
      source.on('end', ({ status }) => received.add(status))
      for (let n = 0; n < 4; n++) {
        await received.first(n + 1)
        if (n < 3) {
          server.cut()
          await until(() => follows.length === n + 1)
        }
        ;(await go.at(n))()
      }
      expect(await received.first(5)).toEqual([0, 1, 2, 3, 'done'])
      expect(await closed.at(0)).toBeUndefined()
      expect(posts).toEqual([{ prompt: 'Why?' }])
      expect(new Set(follows).size).toBe(3)
      await runs.close()
    })

    test('without resume it is closed when the connection is cut', async () => {
      const runs = createRuns()
      const { server, posts, follows } = await startAnswers(runs)
      const { states, closed } = open(`${server.url}/answers`, request)
      await states.first(2)
      server.cut()
      expect(await closed.at(0)).toMatchObject({ message: expect.any(String) })
      await sleep(50)
      expect([posts.length, follows.length]).toEqual([1, 0])
      await runs.close()
    })
  })

  test('a silent connection is noticed; one with a more frequent keep-alive is not silent', async () => {
    const streams = new Journal<EventStream>()
    let keepAlive = 60_000
    const server = await start({
      '/events': (sse) => {
        const stream = sse({ keepAlive, retry: 1 })
        streams.add(stream)
        hub.subscribe(stream, 'numbers')
      },
    })
    const { numbers, states } = openNumbers(`${server.url}/events`, { silence: 1_000 })
    await streams.at(0)
    publish(0)
    await numbers.first(1)
    keepAlive = 100
    await streams.at(1)
    publish(1)
    expect(await numbers.first(2)).toEqual([0, 1])
    expect(states.entries.slice(0, 4)).toEqual([['connecting'], ['open'], ['waiting'], ['connecting']])
  })

  test('a loop over a hub that ends early closes the stream, and the server notices', async () => {
    const streams = new Journal<EventStream>()
    const server = await start({
      '/events': (sse) => {
        const stream = sse()
        streams.add(stream)
        hub.subscribe(stream, 'numbers')
      },
    })
    const { source } = open<EventsOf<typeof hub, 'numbers'>>(`${server.url}/events`, { after: hub.cursor() })
    for (let n = 0; n < 3; n++) publish(n)
    const received: number[] = []
    for await (const { event, data } of source) {
      if (event === 'number' && received.push(data.n) === 3) break
    }
    expect(received).toEqual([0, 1, 2])
    const stream = await streams.at(0)
    await until(() => stream.closed)
    expect(stream.signal.reason.code).toBe('ERR_SSE_CLIENT_CLOSED')
  })
})
