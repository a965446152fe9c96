// What every client that behaves like an EventSource receives, from either framework.
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import { createHub, type EventStream, type SseMethod } from '@downstream/core'
import { cases, eventTypes, type ReceivedEvent, trickyIds } from './events.ts'
import { Journal, until } from './journal.ts'
import { closeServers, type RouteRequest, servers, type TestServer } from './servers.ts'

/** What a client reports: 'open' for each connection, and its events. */
export type ClientJournal = Journal<'open' | ReceivedEvent>

export interface Connection {
  close(): unknown
}

/** Creates a client that follows `url` and reports. */
export type Connect = (url: string, journal: ClientJournal) => Connection | Promise<Connection>

/** Where a client differs from the standard. */
export interface SuiteOptions {
  /** By the title of a case: what this client does instead. */
  departures?: Record<string, Partial<ReceivedEvent>>
  /** Whether a retry without a blank line after it takes effect. Default: true, as in the standard. */
  appliesRetryAlone?: boolean
}

/** For clients that are an EventTarget. */
export function report<T extends Connection & EventTarget>(source: T, journal: ClientJournal): T {
  source.addEventListener('open', () => journal.add('open'))
  for (const type of eventTypes) {
    source.addEventListener(type, (event) => {
      const { type, data, lastEventId } = event as Event & ReceivedEvent
      journal.add({ type, data, lastEventId })
    })
  }
  return source
}

export function eventSourceSuite(
  connect: Connect,
  { departures = {}, appliesRetryAlone = true }: SuiteOptions = {},
): void {
  const connections: Connection[] = []

  async function follow(url: string): Promise<ClientJournal> {
    const journal: ClientJournal = new Journal()
    connections.push(await connect(url, journal))
    return journal
  }

  describe.each(servers)('$server', ({ start }) => {
    afterEach(async () => {
      jest.restoreAllMocks()
      await Promise.all(connections.splice(0).map((connection) => connection.close()))
      await closeServers()
    })

    test('every kind of event arrives unchanged and in order', async () => {
      const server = await start({ '/events': (sse) => sse(cases.map(({ sent }) => sent)) })
      const journal = await follow(`${server.url}/events`)
      const [open, ...events] = await journal.first(1 + cases.length)
      expect(open).toBe('open')
      const expected = cases.map(({ title, received }) => ({ title, ...received, ...departures[title] }))
      expect(events.map((event, index) => ({ title: cases[index]?.title, ...(event as object) }))).toEqual(
        expected,
      )
      expect(Object.keys(departures).filter((title) => !cases.some((one) => one.title === title))).toEqual([])
    })

    test('"open" is dispatched before any event, and without one', async () => {
      const streams = new Journal<EventStream>()
      const server = await start({ '/events': (sse) => streams.add(sse()) })
      const journal = await follow(`${server.url}/events`)
      expect(await journal.first(1)).toEqual(['open'])
      await (await streams.at(0)).send({ id: '1', data: 'a' })
      expect(await journal.first(2)).toEqual(['open', { type: 'message', data: 'a', lastEventId: '1' }])
    })

    const ends: [how: string, end: (stream: EventStream, server: TestServer) => void][] = [
      ['the server has ended the stream', (stream) => stream.close()],
      ['the connection was cut', (_, server) => server.cut()],
    ]
    test.each(ends)('after %s it reconnects, with the id sent last as Last-Event-ID', async (_, end) => {
      const streams = new Journal<EventStream>()
      const server = await start({ '/events': (sse) => streams.add(sse({ retry: 1 })) })
      const journal = await follow(`${server.url}/events`)
      for (const [index, id] of trickyIds.entries()) {
        const stream = await streams.at(index)
        await stream.send({ id, data: 'a' })
        expect((await journal.first(2 * index + 2)).slice(-2)).toEqual([
          'open',
          { type: 'message', data: 'a', lastEventId: id },
        ])
        end(stream, server)
      }
      await streams.first(1 + trickyIds.length)
      expect(streams.entries.map(({ lastEventId }) => lastEventId)).toEqual(['', ...trickyIds])
    })

    test('an empty id resets the last event ID', async () => {
      const streams = new Journal<{ stream: EventStream; raw: RouteRequest['raw'] }>()
      const server = await start({
        '/events': (sse, { raw }) => streams.add({ stream: sse({ retry: 1 }), raw }),
      })
      const journal = await follow(`${server.url}/events`)
      const { stream } = await streams.at(0)
      await stream.send({ id: '7', data: 'a' })
      await stream.send({ id: '', data: 'b' })
      expect(await journal.at(2)).toEqual({ type: 'message', data: 'b', lastEventId: '' })
      stream.close()
      const second = await streams.at(1)
      expect(second.stream.lastEventId).toBe('')
      expect(second.raw.headers).not.toHaveProperty('last-event-id')
    })

    test('the last retry that it received decides when it reconnects', async () => {
      const patient = new Journal<EventStream>()
      const eager = new Journal<EventStream>()
      const server = await start({
        '/patient': (sse) => patient.add(sse({ retry: 1 })),
        '/eager': (sse) => {
          const stream = sse({ retry: 60_000 })
          eager.add(stream)
          stream.send({ retry: 1, id: '1', data: 'a' })
          stream.close()
        },
      })
      const journal = await follow(`${server.url}/patient`)
      ;(await patient.at(0)).close()
      const second = await patient.at(1)
      await second.send({ retry: 60_000, id: '1', data: 'a' })
      await journal.first(3)
      second.close()
      await follow(`${server.url}/eager`)
      await eager.first(10)
      expect(patient.entries).toHaveLength(2)
    })

    if (appliesRetryAlone) {
      test('a retry alone takes effect, even as the last line of a stream', async () => {
        const streams = new Journal<EventStream>()
        const server = await start({ '/events': (sse) => streams.add(sse({ retry: 60_000 })) })
        await follow(`${server.url}/events`)
        const first = await streams.at(0)
        await first.send({ retry: 1 })
        first.close()
        await streams.at(1)
      })
    }

    test('comments and keep-alive have no effect', async () => {
      const streams = new Journal<{ stream: EventStream; raw: RouteRequest['raw'] }>()
      const server = await start({
        '/events': (sse, { raw }) => streams.add({ stream: sse({ keepAlive: 1 }), raw }),
      })
      const journal = await follow(`${server.url}/events`)
      const { stream, raw } = await streams.at(0)
      for (const text of [undefined, 'a', 'b\ndata: c']) await stream.comment(text)
      await stream.send({ id: '1', data: 'before' })
      await journal.first(2)
      for (let comments = 0; comments < 3; comments++) {
        const { bytesWritten } = raw.socket
        await until(() => raw.socket.bytesWritten > bytesWritten)
      }
      await stream.send({ id: '2', data: 'after' })
      await journal.first(3)
      expect(journal.entries).toEqual([
        'open',
        { type: 'message', data: 'before', lastEventId: '1' },
        { type: 'message', data: 'after', lastEventId: '2' },
      ])
    })

    test.each([
      ['busy', () => setImmediate()],
      ['idle until its signal aborts', (signal: AbortSignal) => sleep(60_000, undefined, { signal })],
    ])('close() stops a generator that is %s', async (_, wait) => {
      const over = new Journal<string>()
      const server = await start({
        '/events': (sse) =>
          sse(async function* ({ signal }) {
            signal.addEventListener('abort', () => over.add(signal.reason.code))
            try {
              for (let id = 1; ; id++) {
                yield { id, data: 'a' }
                await wait(signal)
              }
            } finally {
              over.add('finally')
            }
          }),
      })
      const journal = await follow(`${server.url}/events`)
      await journal.first(2)
      expect(over.entries).toEqual([])
      await connections[0]?.close()
      expect((await over.first(2)).sort()).toEqual(['ERR_SSE_CLIENT_CLOSED', 'finally'])
    })

    test.each([
      [['gzip'] as const],
      // For clients that accept it: Chromium.
      [['zstd', 'gzip'] as const],
    ])(
      'compressed by %j, each event arrives when it is sent, and none is lost or repeated after a cut',
      async (encodings) => {
        const hub = createHub()
        const streams = new Journal<{ stream: EventStream; raw: RouteRequest['raw'] }>()
        const server = await start({
          '/events': (sse, { raw }) => {
            const stream = sse({ compression: { mode: 'shared', encodings }, retry: 1 })
            hub.subscribe(stream, 'news')
            streams.add({ stream, raw })
          },
        })
        const journal = await follow(`${server.url}/events`)
        const { stream, raw } = await streams.at(0)
        expect(raw.headers['accept-encoding']).toContain('gzip')
        const data = (n: number) => `Grüße 😀 ${'again and again '.repeat(20)}${n}`
        const before = raw.socket.bytesWritten
        for (let n = 1; n <= 8; n++) {
          if (n === 5) stream.send({ event: 'tick', data: 'private' })
          await hub.publish('news', { data: data(n) })
          await until(() => JSON.stringify(journal.entries).includes(`again ${n}"`))
        }
        expect(raw.socket.bytesWritten - before).toBeLessThan(8 * 150)
        server.cut()
        await hub.publish('news', { data: data(9) })
        await streams.at(1)
        await hub.publish('news', { data: data(10) })
        await until(() => JSON.stringify(journal.entries).includes('again 10"'))
        const texts = journal.entries.flatMap((entry) =>
          entry === 'open' || entry.type !== 'message' ? [] : [entry.data],
        )
        expect(texts).toEqual(Array.from({ length: 10 }, (_, index) => data(index + 1)))
        await hub.close()
      },
    )

    test('after a shutdown it connects to the next server, whether it connected before or during it', async () => {
      const streams = new Journal<EventStream>()
      // A client that did not apply the retry of the shutdown would reconnect after a minute.
      const routes = {
        '/events': (sse: SseMethod) => streams.add(sse(appliesRetryAlone ? { retry: 60_000 } : {})),
      }
      const server = await start(routes)
      const journal = await follow(`${server.url}/events`)
      const before = await streams.at(0)
      await before.send({ id: '5', data: 'a' })
      await journal.first(2)
      await server.close(async () => {
        await follow(`${server.url}/events`)
        const during = await streams.at(1)
        await until(() => during.closed)
      })
      // Two streams, or more on a busy machine: a client may reconnect before the server has closed, and then again.
      const ended = streams.entries.length
      expect(new Set(streams.entries.map(({ signal }) => signal.reason.code))).toEqual(
        new Set(['ERR_SSE_SHUTDOWN']),
      )
      await start(routes, { port: server.port })
      const after = (await streams.first(ended + 2)).slice(ended)
      expect(after.map(({ lastEventId }) => lastEventId).sort()).toEqual(['', '5'])
      expect(after.every(({ closed }) => !closed)).toBe(true)
    })
  })
}
