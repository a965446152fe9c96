import { setImmediate } from 'node:timers/promises'
import type { EventStream } from '@downstream/core'
import { createParser } from 'eventsource-parser'
import type { Browser, Page } from 'playwright-core'
import { launchChromium } from '../browser/chromium.ts'
import { type ClientJournal, type Connection, eventSourceSuite } from './event-source-suite.ts'
import { eventTypes, type ReceivedEvent } from './events.ts'
import { Journal } from './journal.ts'
import { closeServers, type RouteRequest, servers } from './servers.ts'

// The globals of the functions that run in the page.
interface PageEventSource extends EventTarget, Connection {
  readonly readyState: number
}
declare const EventSource: new (url: string, init?: { withCredentials?: boolean }) => PageEventSource
declare const tell: (listener: number, entry: unknown) => Promise<void>
declare const sources: Record<number, PageEventSource>

let browser: Browser
/** One for all tests: starting one would take longer than most of them. */
let page: Page
/** By the number that the page passes to `tell`. */
const listeners: ((entry: never) => void)[] = []

function listen(listener: (entry: never) => void): number {
  return listeners.push(listener) - 1
}

/** Makes an EventSource follow `url`, from a page of `origin`. */
async function follow(
  origin: string,
  url: string,
  journal: ClientJournal,
  init: { withCredentials?: boolean } = {},
): Promise<{ number: number; close(): Promise<void> }> {
  if (page.url() !== `${origin}/`) await page.goto(`${origin}/`)
  const number = listen((entry) => journal.add(entry))
  await page.evaluate(
    ([number, url, types, init]) => {
      const source = new EventSource(url, init)
      sources[number] = source
      source.addEventListener('open', () => tell(number, 'open'))
      for (const type of types) {
        source.addEventListener(type, (event) => {
          const { type, data, lastEventId } = event as Event & ReceivedEvent
          tell(number, { type, data, lastEventId })
        })
      }
    },
    [number, url, eventTypes, init] as const,
  )
  return { number, close: () => page.evaluate((number) => void sources[number]?.close(), number) }
}

describe('Chromium', () => {
  beforeAll(async () => {
    browser = await launchChromium()
    page = await browser.newPage()
    await page.addInitScript('sources = {}')
    await page.exposeFunction('tell', (number: number, entry: never) => listeners[number]?.(entry))
  })

  afterAll(() => browser?.close())

  afterEach(async () => {
    await page.goto('about:blank')
    await page.context().clearCookies()
    await closeServers()
  })

  eventSourceSuite((url, journal) => follow(new URL(url).origin, url, journal))

  describe.each(servers)('$server', ({ start }) => {
    test.each([
      ['with credentials', true, 'session=1'],
      ['without credentials', false, undefined],
    ])('a page of another origin follows a stream %s', async (_, withCredentials, cookie) => {
      const streams = new Journal<{ stream: EventStream; headers: RouteRequest['raw']['headers'] }>()
      const { url: origin } = await start({})
      const server = await start(
        { '/events': (sse, { raw }) => streams.add({ stream: sse({ retry: 1 }), headers: raw.headers }) },
        { allowOrigin: origin },
      )
      await page.context().addCookies([{ name: 'session', value: '1', url: server.url }])
      const journal: ClientJournal = new Journal()
      await follow(origin, `${server.url}/events`, journal, { withCredentials })
      const first = await streams.at(0)
      await first.stream.send({ id: 'a b', data: 'a' })
      expect(await journal.first(2)).toEqual(['open', { type: 'message', data: 'a', lastEventId: 'a b' }])
      first.stream.close()
      const second = await streams.at(1)
      expect(second.stream.lastEventId).toBe('a b')
      const sent = streams.entries.map(({ headers }) => ({ origin: headers.origin, cookie: headers.cookie }))
      expect(sent).toEqual([
        { origin, cookie },
        { origin, cookie },
      ])
    })

    // The cases of the suite would pass with gzip as well.
    test('a stream is compressed by zstd if the app prefers it, and by gzip otherwise', async () => {
      const server = await start({
        '/zstd': (sse) => void sse({ compression: { mode: 'shared', encodings: ['zstd', 'gzip'] } }),
        '/gzip': (sse) => void sse({ compression: 'shared' }),
      })
      for (const coding of ['zstd', 'gzip']) {
        const answer = page.waitForResponse(`${server.url}/${coding}`)
        const journal: ClientJournal = new Journal()
        const { close } = await follow(server.url, `${server.url}/${coding}`, journal)
        expect((await answer).headers()['content-encoding']).toBe(coding)
        expect(await journal.at(0)).toBe('open')
        await close()
      }
    })

    test('a page of an origin that is not allowed gets nothing', async () => {
      const { url: origin } = await start({})
      const server = await start({ '/events': (sse) => sse(['a']) }, { allowOrigin: 'http://example.com' })
      const journal: ClientJournal = new Journal()
      const { number } = await follow(origin, `${server.url}/events`, journal)
      const CLOSED = 2
      await page.waitForFunction(([number, state]) => sources[number]?.readyState === state, [
        number,
        CLOSED,
      ] as const)
      expect(journal.entries).toEqual([])
    })

    test('fetch() reads the response to a POST event by event', async () => {
      const heard = new Journal<unknown>()
      const server = await start({
        '/answers': (sse, { body }) =>
          sse(async function* () {
            yield { event: 'question', data: body }
            for (const [index, word] of ['Grüße', '😀\n', ''].entries()) {
              // Send it only after the page has received the events before it.
              await heard.at(index)
              yield word
            }
          }),
      })
      await page.goto(server.url)
      const parser = createParser({ onEvent: ({ event, data }) => heard.add([event, data]) })
      const number = listen((text) => parser.feed(text))
      await page.evaluate(async (number) => {
        const response = await fetch('/answers', {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({ question: 'Wo? 😀' }),
        })
        const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
        for (;;) {
          const chunk = await reader?.read()
          if (!chunk || chunk.done) break
          await tell(number, chunk.value)
        }
      }, number)
      expect(heard.entries).toEqual([
        ['question', '{"question":"Wo? 😀"}'],
        [undefined, 'Grüße'],
        [undefined, '😀\n'],
        [undefined, ''],
      ])
    })

    test.each(['abort the request', 'cancel the reader', 'leave the page'])(
      'to %s of a POST ends its stream',
      async (how) => {
        const over = new Journal<string>()
        const server = await start({
          '/answers': (sse) =>
            sse(async function* ({ signal }) {
              signal.addEventListener('abort', () => over.add(signal.reason.code))
              try {
                for (;;) {
                  yield 'la'
                  await setImmediate()
                }
              } finally {
                over.add('finally')
              }
            }),
        })
        await page.goto(server.url)
        await page.evaluate(async (how) => {
          const controller = new AbortController()
          const response = await fetch('/answers', { method: 'POST', signal: controller.signal })
          const reader = response.body?.getReader()
          await reader?.read()
          if (how === 'abort the request') controller.abort()
          if (how === 'cancel the reader') await reader?.cancel()
        }, how)
        if (how === 'leave the page') await page.goto('about:blank')
        expect((await over.first(2)).sort()).toEqual(['ERR_SSE_CLIENT_CLOSED', 'finally'])
      },
    )
  })
})
