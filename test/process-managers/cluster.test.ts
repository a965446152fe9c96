// The recipes of docs/shutdown.md, in real processes.
import type { ChildProcess } from 'node:child_process'
import { eventually } from '@downstream/testing'
import { freePorts } from '../../scripts/free-ports.mjs'
import { exitCode, NewsApp } from './news-app.ts'

let app: NewsApp
let running: ChildProcess | undefined

beforeEach(async () => {
  app = new NewsApp(await freePorts(1), 300)
})

afterEach(async () => {
  running?.kill('SIGKILL')
  app.remove()
})

describe.each(['SIGINT', 'SIGTERM'] as const)('at %s', (signal) => {
  test('a standalone process ends its streams, tells clients when to reconnect, and exits', async () => {
    running = app.runOnSources('server.js')
    const stream = await app.open()
    running.kill(signal)
    expect(await exitCode(running)).toBe(0)
    await eventually('the end of the stream', () => stream.ended)
    expect(stream.text).toMatch(/\nretry: \d+\n\n$/)
    expect(app.output).toBe('')
  })

  test('the workers of node:cluster do the same, and the primary process exits after them', async () => {
    running = app.runOnSources('primary.ts')
    const streams = [await app.open(), await app.open()]
    running.kill(signal)
    expect(await exitCode(running)).toBe(0)
    for (const stream of streams) {
      await eventually('the end of the stream', () => stream.ended)
      expect(stream.text).toMatch(/\nretry: \d+\n\n$/)
    }
  })
})

// With two workers every client silently received only half of the events.
test('a worker whose streams follow its own log warns once', async () => {
  running = app.runOnSources('primary.ts')
  for (let n = 0; n < 4; n++) await app.open()
  await eventually(
    'the warning',
    () => app.output.includes('[SSE_LOCAL_LOG]'),
    () => app.output,
  )
  expect(app.output.match(/SSE_LOCAL_LOG/g)?.length).toBeLessThanOrEqual(2)
  running.kill('SIGTERM')
  await exitCode(running)
})
