import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { eventually } from '@downstream/testing'
import { openEventStream } from '../../src/stream/open-event-stream.ts'
import type { ResponseEventStream } from '../../src/stream/response-event-stream.ts'
import { serve } from './serve.ts'

const OPENS = 1_000

let startedTimers: jest.SpyInstance[]
let stoppedTimers: jest.SpyInstance
beforeEach(() => {
  startedTimers = [jest.spyOn(globalThis, 'setInterval'), jest.spyOn(globalThis, 'setTimeout')]
  stoppedTimers = jest.spyOn(globalThis, 'clearInterval')
})
afterEach(() => {
  jest.restoreAllMocks()
})

/** Timers that code under test has started and not stopped. */
function runningTimers(): unknown[] {
  const stopped = new Set(stoppedTimers.mock.calls.map(([timer]) => timer))
  return startedTimers.flatMap(({ mock }) => mock.results).filter(({ value }) => !stopped.has(value))
}

/** Opens a stream on each request. */
async function serveStreams(onOpen: (stream: ResponseEventStream, req: IncomingMessage) => void) {
  const streams: ResponseEventStream[] = []
  const { origin } = await serve((req, res) => {
    const stream = openEventStream(req, res, { maxAge: 60_000 }) as ResponseEventStream
    stream.signal.addEventListener('abort', () => {})
    streams.push(stream)
    onOpen(stream, req)
  })
  return { origin, streams }
}

async function expectNothingLeftOf(streams: ResponseEventStream[]): Promise<void> {
  await eventually('every response being through', () => streams.every(({ gone }) => gone))
  expect(streams).toHaveLength(OPENS)
  expect(streams.filter(({ slot }) => slot !== undefined)).toEqual([])
  expect(startedTimers[0]).toHaveBeenCalled()
  expect(runningTimers()).toEqual([])
}

test('a thousand streams that the server ended, over one connection, leave nothing behind', async () => {
  const listeners = new Set<string>()
  const connections = new Set<unknown>()
  const { origin, streams } = await serveStreams((stream, { socket }) => {
    connections.add(socket)
    listeners.add(
      socket
        .eventNames()
        .map((name) => `${String(name)} ${socket.listenerCount(name)}`)
        .join(),
    )
    stream.close()
  })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  for (let opened = 0; opened < OPENS; opened++) {
    const [response] = await once(get(origin, { agent }), 'response')
    await once(response.resume(), 'end')
  }
  agent.destroy()
  await expectNothingLeftOf(streams)
  expect(connections.size).toBe(1)
  expect(listeners.size).toBe(1)
})

test('a thousand streams that their clients left leave nothing behind', async () => {
  const { origin, streams } = await serveStreams(() => {})
  const open = async () => {
    const request = get(origin, { agent: false })
    await once(request, 'response')
    request.destroy()
  }
  for (let opened = 0; opened < OPENS; opened += 50) await Promise.all(Array.from({ length: 50 }, open))
  await expectNothingLeftOf(streams)
})
