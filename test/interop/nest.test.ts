// The program of docs/other-frameworks.md, unchanged.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventually, readEvents } from '@downstream/testing'
import { freePorts } from '../../scripts/free-ports.mjs'
import { root, SnippetProject } from '../snippet-project.ts'
import { onSources } from '../sources/on-sources.ts'

const project = new SnippetProject()
let app: ChildProcess
let url: string

beforeAll(async () => {
  const page = readFileSync(join(root, 'docs/other-frameworks.md'), 'utf8')
  const program = /^```ts nest\n(.*?)^```$/ms.exec(page)?.[1] ?? ''
  const port = await freePorts(1)
  url = `http://localhost:${port}/news`
  project.write('app.ts', program.replace('3000', String(port)))
  app = spawn(process.execPath, [...onSources, 'app.ts'], {
    cwd: project.folder,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  await eventually('the app listens', async () => {
    if (app.exitCode !== null) throw new Error(`The app has ended with ${app.exitCode}: see above`)
    return fetch(url, { method: 'OPTIONS' }).then(
      () => true,
      () => false,
    )
  })
})

afterAll(async () => {
  if (app?.exitCode === null && app.signalCode === null) {
    app.kill('SIGKILL')
    await once(app, 'exit')
  }
  project.remove()
})

test('a handler with @Res() is subscribed, and the app ends at SIGTERM with the stream open', async () => {
  const response = await fetch(url)
  expect(response.headers.get('Content-Type')).toBe('text/event-stream')
  const events = readEvents(response.body as ReadableStream<Uint8Array>)
  expect((await events.next()).value?.event).toBe('bookmark')
  expect((await fetch(url, { method: 'POST' })).status).toBe(201)
  expect((await events.next()).value).toMatchObject({ event: 'headline', data: '{"title":"One"}' })

  const exited = once(app, 'exit', { signal: AbortSignal.timeout(20_000) })
  app.kill('SIGTERM')
  expect((await events.next()).done).toBe(true)
  await exited
})
