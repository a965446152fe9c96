// A page continues to work: the apps of docs/migrating-from-*.md, before and after, send the same events.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { type ReceivedEvent, readEvents } from '@downstream/testing'
import { io } from 'socket.io-client'
import { WebSocket } from 'ws'
import { freePorts, portsFrom } from '../scripts/free-ports.mjs'
import { SnippetProject, snippets } from './snippet-project.ts'
import { onSources } from './sources/on-sources.ts'

const count = ['count', 'count', 'count', 'done']
const news = ['welcome', 'headline', 'headline']

const pages = [
  { name: 'better-sse', routes: { '/count': count, '/news': news } },
  { name: 'fastify-sse', routes: { '/count': count, '/news': news } },
  { name: 'fastify-sse-v2', routes: { '/count': count, '/news': news } },
  { name: 'express-sse', routes: { '/news': news } },
  { name: 'socket-io', routes: { '/news': news }, visitBefore: visitSocketIo },
  { name: 'ws', routes: { '/news': news }, visitBefore: visitWebSocket },
]
const apps = pages.flatMap(({ name }) => [`${name}.before`, `${name}.after`])

const project = new SnippetProject()
const urls = new Map<string, string>()
let running: ChildProcess

beforeAll(async () => {
  const ports = portsFrom(await freePorts(apps.length), apps.length)
  for (const [index, app] of apps.entries()) {
    urls.set(app, `http://localhost:${ports[index]}`)
    project.write(`${app}.ts`, firstSnippet(app).replace(/\b3000\b/, String(ports[index])))
  }
  const imports = apps.map((app) => `await import('./${app}.ts')\n`)
  project.write('all.ts', `${imports.join('')}console.log('ready')\n`)
  const args = [...onSources, 'all.ts']
  running = spawn(process.execPath, args, { cwd: project.folder, stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: running.stdout as NodeJS.ReadableStream })
  await Promise.race([
    once(lines, 'line'),
    once(running, 'exit').then(([code]) => {
      throw new Error(`The apps have ended with ${code}: see above`)
    }),
  ])
})

afterAll(async () => {
  if (running?.exitCode === null) {
    running.kill()
    await once(running, 'exit')
  }
  project.remove()
})

describe.each(pages)('from $name', ({ name, routes, visitBefore = visit }) => {
  test.each(Object.entries(routes))('%s sends a page the same events as before', async (route, types) => {
    const before = await visitBefore(`${name}.before`, route, types.length)
    const after = await visit(`${name}.after`, route, types.length)
    expect(before.map(({ event }) => event)).toEqual(types)
    expect(after.map(content)).toEqual(before.map(content))
  })

  test('a page that reconnects with an id of the old server gets one gap, and then what is published', async () => {
    const { id = '17' } = (await visitBefore(`${name}.before`, '/news', 2))[1] as ReceivedEvent
    const events = await visit(`${name}.after`, '/news', 4, { 'Last-Event-ID': id })
    expect(events.map(({ event }) => event)).toEqual(['welcome', 'gap', 'headline', 'headline'])
  })
})

const content = ({ event, data }: ReceivedEvent) => ({ event, data })

/** What a page receives that listens to everything except bookmarks, and posts two headlines after its welcome. */
async function visit(
  app: string,
  route: string,
  length: number,
  headers: Record<string, string> = {},
): Promise<ReceivedEvent[]> {
  const response = await fetch(`${urls.get(app)}${route}`, {
    headers: { Accept: 'text/event-stream', ...headers },
  })
  const events: ReceivedEvent[] = []
  for await (const event of readEvents(response.body as ReadableStream<Uint8Array>)) {
    if (event.event === 'bookmark') continue
    if (events.push(event) === length) break
    if (event.event === 'welcome') await postBoth(app)
  }
  return events
}

/** A page with the client of socket.io that does the same. */
function visitSocketIo(app: string, _route: string, length: number): Promise<ReceivedEvent[]> {
  const events: ReceivedEvent[] = []
  const socket = io(urls.get(app), { forceNew: true })
  return new Promise<ReceivedEvent[]>((resolve, reject) => {
    socket.onAny((event, data) => {
      if (events.push({ event, data: JSON.stringify(data), id: undefined }) === length) resolve(events)
      if (event === 'welcome') postBoth(app).catch(reject)
    })
  }).finally(() => socket.close())
}

/** A page with a WebSocket that does the same. */
function visitWebSocket(app: string, route: string, length: number): Promise<ReceivedEvent[]> {
  const events: ReceivedEvent[] = []
  const socket = new WebSocket(`${urls.get(app)?.replace('http', 'ws')}${route}`)
  return new Promise<ReceivedEvent[]>((resolve, reject) => {
    socket.on('error', reject)
    socket.on('message', (text) => {
      const { type, payload } = JSON.parse(String(text))
      if (events.push({ event: type, data: JSON.stringify(payload), id: undefined }) === length)
        resolve(events)
      if (type === 'welcome') postBoth(app).catch(reject)
    })
  }).finally(() => socket.terminate())
}

async function postBoth(app: string): Promise<void> {
  for (const title of ['One', 'Two']) await post(app, title)
}

async function post(app: string, title: string): Promise<void> {
  const response = await fetch(`${urls.get(app)}/news`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ title }),
  })
  expect(response.status).toBe(204)
}

/** The complete app on a page, before or after: the first of its kind. */
function firstSnippet(app: string): string {
  const [name, when] = app.split('.')
  const snippet = snippets(`docs/migrating-from-${name}.md`).find(
    ({ isBefore }) => isBefore === (when === 'before'),
  )
  return snippet?.code as string
}
