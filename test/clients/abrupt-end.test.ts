// With abruptEnd every client reconnects after each end by the server, also a client that treats a normal end as final.
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from '@downstream/client'
import { createHub, type Hub, sse } from '@downstream/express'
import { eventually } from '@downstream/testing'
import { fetchEventSource } from '@microsoft/fetch-event-source'
import { EventSource } from 'eventsource'
import express from 'express'
import { EventSource as UndiciEventSource } from 'undici'
import { freePorts, portsFrom } from '../../scripts/free-ports.mjs'
import { launchChromium } from '../browser/chromium.ts'
import { Nginx, STREAM } from '../proxies/nginx.ts'
import { datastarItem, hypermediaPage, hypermediaScripts } from './hypermedia-page.ts'
import { usePageGlobals } from './page-globals.ts'

usePageGlobals()

/** Follows `url`, and calls `onNumber` for each event `n`. Returns what disconnects. */
type Follow = (url: string, onNumber: (data: string) => void) => () => void

const clients: Record<string, Follow> = {
  '@microsoft/fetch-event-source': (url, onNumber) => {
    const leaving = new AbortController()
    void fetchEventSource(url, {
      signal: leaving.signal,
      onmessage: ({ event, data }) => {
        if (event === 'n') onNumber(data)
      },
    })
    return () => leaving.abort()
  },
  '@downstream/client': (url, onNumber) => {
    const source = connect<{ n: number }>(url)
    source.on('n', (data) => onNumber(String(data)))
    return source.close
  },
  eventsource: (url, onNumber) => listen(new EventSource(url), onNumber),
  undici: (url, onNumber) => listen(new UndiciEventSource(url), onNumber),
}

function listen(source: EventTarget & { close(): void }, onNumber: (data: string) => void): () => void {
  source.addEventListener('n', (event) => onNumber((event as Event & { data: string }).data))
  return () => source.close()
}

type EventOf = (n: number) => { event: string; data: unknown }

/** An app of several processes that share a log: here, of several servers that share a hub. */
class App {
  readonly hub: Hub = createHub()
  readonly ports: number[]
  /** By client: the Last-Event-ID of each of its requests. */
  readonly lastIds: Record<string, string[]>
  /** How many numbers, from 0 on. */
  published = 0
  maxAge = 300
  readonly #start = this.hub.cursor()
  readonly #eventOf: EventOf
  readonly #stops = new Map<number, () => Promise<unknown>>()

  static async start(count: number, clients: string[], eventOf: EventOf): Promise<App> {
    const first = await freePorts(count)
    const app = new App(portsFrom(first, count), clients, eventOf)
    for (const port of app.ports) await app.#startProcess(port)
    return app
  }

  private constructor(ports: number[], clients: string[], eventOf: EventOf) {
    this.ports = ports
    this.#eventOf = eventOf
    this.lastIds = Object.fromEntries(clients.map((name) => [name, []]))
  }

  /** One process after the other, as a deploy does. */
  async restart(): Promise<void> {
    for (const port of this.ports) {
      await this.#stops.get(port)?.()
      await this.#startProcess(port)
    }
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.values()) await stop()
    await this.hub.close()
  }

  /** Publishes numbers until every client has made one more request at least. */
  async publishUntilAllReturn(): Promise<void> {
    const clients = Object.entries(this.lastIds).map(([name, ids]) => ({ name, ids, before: ids.length }))
    await eventually(
      'a request of each client',
      async () => {
        await this.hub.publish('news', this.#eventOf(this.published++))
        // Datastar takes a while for each item.
        await sleep(30)
        return clients.every(({ ids, before }) => ids.length > before)
      },
      () => JSON.stringify(clients),
    )
  }

  async #startProcess(port: number): Promise<void> {
    const app = express()
    const events = sse({ abruptEnd: true, retry: 100 })
    app.use(events)
    app.get('/', (_req, res) => res.send(hypermediaPage('Datastar', this.#start)))
    for (const [path, script] of Object.entries(hypermediaScripts)) {
      app.get(path, (_req, res) => res.type('text/javascript').send(script()))
    }
    app.get('/events', (req, res) => {
      this.lastIds[String(req.query.client ?? 'Datastar')]?.push(req.get('last-event-id') ?? '')
      this.hub.subscribe(res.sse({ maxAge: this.maxAge }), 'news', { after: this.#start })
    })
    const server = app.listen(port, '127.0.0.1')
    await once(server, 'listening')
    this.#stops.set(port, () => events.close({ server }))
  }
}

let app: App
let nginx: Nginx | undefined

/** Resolves with the URL of an app that clients reach directly, or of two processes of it after an nginx. */
async function start(way: string, clients: string[], eventOf: EventOf): Promise<string> {
  app = await App.start(way === 'through nginx' ? 2 : 1, clients, eventOf)
  if (way === 'through nginx') nginx = await Nginx.start(app.ports, STREAM)
  return nginx?.url ?? `http://127.0.0.1:${app.ports[0]}`
}

afterEach(async () => {
  await app.stop()
  await nginx?.stop()
  nginx = undefined
})

/** Ends the clients' streams by maxAge `ends` times, then by a rolling restart. */
async function endStreams(ends: number): Promise<void> {
  for (let n = 0; n < ends; n++) await app.publishUntilAllReturn()
  // Streams that are opened from now on end by the restart only.
  app.maxAge = 600_000
  await app.publishUntilAllReturn()
  await app.restart()
  await app.publishUntilAllReturn()
}

/** From the first event on that the client has received, each of its requests has an id. */
function expectIds(name: string): void {
  const ids = app.lastIds[name] ?? []
  const resumed = ids.slice(ids.findIndex((id) => id !== ''))
  expect(resumed).not.toContain('')
}

describe.each(['directly', 'through nginx'])('%s', (way) => {
  test('every client reconnects after each maxAge and after a rolling restart, and loses and repeats nothing', async () => {
    const url = await start(way, Object.keys(clients), (n) => ({ event: 'n', data: n }))
    const received: Record<string, string[]> = {}
    const disconnects = Object.entries(clients).map(([name, follow]) => {
      const numbers: string[] = []
      received[name] = numbers
      return follow(`${url}/events?client=${name}`, (data) => numbers.push(data))
    })
    try {
      await endStreams(4)
      const all = Array.from({ length: app.published }, (_, n) => String(n))
      await eventually('all events', () =>
        Object.values(received).every(({ length }) => length >= all.length),
      )
      for (const name of Object.keys(clients)) {
        expect([name, received[name]]).toEqual([name, all])
        expectIds(name)
      }
    } finally {
      for (const disconnect of disconnects) disconnect()
    }
  })

  test('a page of Datastar reconnects as often, and so does an EventSource in it', async () => {
    const url = await start(way, ['Datastar', 'EventSource'], (n) => datastarItem(String(n)))
    const browser = await launchChromium()
    const page = await browser.newPage()
    try {
      await page.goto(url)
      await page.evaluate(`
        window.numbers = []
        window.source = new EventSource('/events?client=EventSource')
        source.addEventListener('datastar-merge-fragments', ({ data }) => numbers.push(/>([0-9]+)</.exec(data)[1]))
      `)
      // By default Datastar reconnects only ten times in the whole life of a page.
      await endStreams(11)
      const all = Array.from({ length: app.published }, (_, n) => String(n))
      await page
        .locator('#news li')
        .nth(all.length - 1)
        .waitFor()
      expect(await page.locator('#news li').allTextContents()).toEqual(all)
      await page.waitForFunction(`numbers.length >= ${all.length}`)
      expect(await page.evaluate('numbers')).toEqual(all)
      for (const name of ['Datastar', 'EventSource']) expectIds(name)
    } finally {
      await browser.close()
    }
  })
})
