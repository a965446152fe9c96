import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { eventually } from '@downstream/testing'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { SnippetProject, snippets } from '../snippet-project.ts'
import { onSources } from '../sources/on-sources.ts'

let project: SnippetProject
/** What the recipes ask in place of https://llm.example. */
let model: Server
const left: (string | undefined)[] = []
const apps: ChildProcess[] = []

beforeAll(async () => {
  project = new SnippetProject()
  model = createServer((req, res) => {
    res.on('close', () => {
      if (!res.writableEnded) left.push(req.url)
    })
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    res.write(': hello\n\ndata: Hello\n\ndata:  there\n\n')
    if (req.url !== '/events?endless') res.end('data: [DONE]\n\n')
  })
  model.listen(0, '127.0.0.1')
  await once(model, 'listening')
})

afterAll(() => {
  for (const app of apps) app.kill('SIGKILL')
  model?.closeAllConnections()
  model?.close()
  project?.remove()
})

/** Starts the app that a page shows, with our model in place of the page's. @returns its URL */
async function start(page: string, mark: string, edit = (code: string) => code): Promise<string> {
  const [snippet, ...more] = snippets(page).filter(({ code }) => code.includes(mark))
  if (snippet === undefined || more.length > 0) throw new Error(`${page} has not one snippet with ${mark}`)
  const { port } = model.address() as AddressInfo
  const code = edit(snippet.code).replaceAll('https://llm.example', `http://127.0.0.1:${port}`)
  const file = `${page}.${snippet.line}.ts`
  project.write(file, `${code}\nexport { app }\n`)
  const app = fork(join(__dirname, 'run-app.ts'), [join(project.folder, file)], {
    execArgv: onSources,
  })
  apps.push(app)
  const [address] = await once(app, 'message')
  return `http://127.0.0.1:${address.port}`
}

const question = (method: string, prompt = 'Hello'): RequestInit => ({
  method,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ prompt }),
})

async function read(url: string, init: RequestInit = {}): Promise<string[]> {
  const events: EventSourceMessage[] = []
  const parser = createParser({ onEvent: (event) => events.push(event) })
  parser.feed(await (await fetch(url, init)).text())
  return events.map(({ event = 'message', data }) => `${event} ${data}`)
}

test('LLM tokens: the text of the model arrives token by token, framed once', async () => {
  const url = await start('docs/sources.md', "'https://llm.example/generate'")
  expect(await read(`${url}/ask`, question('POST'))).toEqual(['token Hello', 'token  there', 'done '])
})

test('relay an event stream: its events arrive unchanged, and a client that disconnects ends the upstream request', async () => {
  const url = await start('docs/sources.md', "'https://llm.example/events'")
  expect(await read(`${url}/relay`)).toEqual(['message Hello', 'message  there', 'message [DONE]'])
  const endless = await start('docs/sources.md', "'https://llm.example/events'", (code) =>
    code.replace('/events', '/events?endless'),
  )
  const leaving = new AbortController()
  const { body } = await fetch(`${endless}/relay`, { signal: leaving.signal })
  const reader = (body as ReadableStream<Uint8Array>).getReader()
  for (let text = ''; !text.includes('Hello'); ) text += Buffer.from((await reader.read()).value ?? [])
  expect(left).toEqual([])
  leaving.abort()
  await eventually('the upstream being left', () => left.length > 0)
  expect(left).toEqual(['/events?endless'])
})

test('runs: a page that disconnects stops nothing, a late one receives all, DELETE stops', async () => {
  const url = await start('docs/runs.md', "app.delete('/answers/:id'")
  expect((await fetch(`${url}/answers/17`, question('POST'))).status).toBe(201)
  expect((await fetch(`${url}/answers/17`, question('POST'))).status).toBe(200)
  const leaving = new AbortController()
  await fetch(`${url}/answers/17`, { signal: leaving.signal })
  leaving.abort()
  const whole = ['token You', 'token asked:', 'token Hello', 'end {"status":"done"}']
  expect(await read(`${url}/answers/17`)).toEqual(whole)
  expect(await read(`${url}/answers/17`)).toEqual(whole)

  // Long enough for the slowest machine.
  await fetch(`${url}/answers/18`, question('POST', 'Hello '.repeat(3_000)))
  const following = read(`${url}/answers/18`)
  expect((await fetch(`${url}/answers/18`, { method: 'DELETE' })).status).toBe(204)
  expect((await following).at(-1)).toBe('end {"status":"stopped"}')
  expect(await read(`${url}/answers/19`)).toEqual(['end {"status":"unknown"}'])
})
