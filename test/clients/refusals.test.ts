// How clients react to each way to refuse a stream: the table in docs/limits.md.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from '@downstream/client'
import { type Refuse, StreamGroup } from '@downstream/core'
import { fetchEventSource } from '@microsoft/fetch-event-source'
import { EventSource } from 'eventsource'
import type { Browser } from 'playwright-core'
import { EventSource as UndiciEventSource } from 'undici'
import { launchChromium } from '../browser/chromium.ts'
import { until } from './journal.ts'

type Outcome = 'reconnects' | 'gives up' | 'ends'
type Client = (url: string, requests: () => number) => Promise<Outcome>

const ways: [heading: string, refuse: Refuse][] = [
  ["`'later'`", 'later'],
  ["`'stop'`", 'stop'],
  ['`503`', 503],
  ['`429`', 429],
]

const clients: [name: string, client: Client][] = [
  ['EventSource in Chromium', followInChromium],
  ['`eventsource` 4', (url) => followWith(new EventSource(url))],
  ["undici's EventSource", (url) => followWith(new UndiciEventSource(url))],
  ['`connect()` of @downstream/client', followWithConnect],
  ['fetch-event-source', followWithFetchEventSource],
]

let server: Server
let origin: string
let browser: Browser
const requests = new Map<string, number>()

beforeAll(async () => {
  const group = new StreamGroup()
  server = createServer((req, res) => {
    if (req.url === '/page') return void res.setHeader('Content-Type', 'text/html').end('<!doctype html>')
    const [, way = ''] = req.url?.split('/') ?? []
    requests.set(String(req.url), (requests.get(String(req.url)) ?? 0) + 1)
    const refuse = ways[Number(way)]?.[1]
    group.sse(req, res, { onSourceError: () => {} }).refuse(refuse)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  browser = await launchChromium()
})

afterAll(async () => {
  await browser?.close()
  server.closeAllConnections()
  server.close()
})

test('each client does what docs/limits.md says', async () => {
  const rows = clients.map(async ([name, client], index) => {
    const outcomes = ways.map((_, way) => {
      const path = `/${way}/${index}`
      return client(`${origin}${path}`, () => requests.get(path) ?? 0)
    })
    return `| ${[name, ...(await Promise.all(outcomes))].join(' | ')} |`
  })
  const table = [`| client | ${ways.map(([heading]) => heading).join(' | ')} |`, '|---|---|---|---|---|']
  const docs = readFileSync(`${__dirname}/../../docs/limits.md`, 'utf8')
  expect(docs).toContain([...table, ...(await Promise.all(rows))].join('\n'))
})

/** A source is closed after it has given up, and connecting while it waits for its retry. */
async function followWith(source: EventTarget & { readyState: number; close(): void }): Promise<Outcome> {
  await new Promise((resolve) => source.addEventListener('error', resolve, { once: true }))
  const { readyState } = source
  source.close()
  return readyState === 2 ? 'gives up' : 'reconnects'
}

async function followInChromium(url: string): Promise<Outcome> {
  const page = await browser.newPage()
  await page.goto(`${origin}/page`)
  const readyState = await page.evaluate(
    `new Promise((resolve) => {
      const source = new EventSource(${JSON.stringify(url)})
      source.onerror = () => resolve(source.readyState)
    })`,
  )
  await page.close()
  return readyState === 2 ? 'gives up' : 'reconnects'
}

async function followWithConnect(url: string): Promise<Outcome> {
  const source = connect(url)
  const state = await new Promise((resolve) => {
    source.onState((state) => {
      if (state === 'waiting' || state === 'closed') resolve(state)
    })
  })
  source.close()
  return state === 'closed' ? 'gives up' : 'reconnects'
}

/** It reports a normal end by resolving, and repeats a refused request by itself. */
async function followWithFetchEventSource(url: string, requests: () => number): Promise<Outcome> {
  const page = {
    window: { fetch, setTimeout, clearTimeout },
    document: Object.assign(new EventTarget(), { hidden: false }),
  }
  Object.assign(globalThis, page)
  const leaving = new AbortController()
  const end = fetchEventSource(url, { signal: leaving.signal }).then(
    (): Outcome => 'ends',
    (): Outcome => 'gives up',
  )
  const repeated = until(() => requests() > 1 || leaving.signal.aborted).then(
    (): Outcome => 'reconnects',
    (): Outcome => 'gives up',
  )
  const outcome = await Promise.race([end, repeated])
  leaving.abort()
  return outcome
}
