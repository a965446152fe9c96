import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { eventually } from '@downstream/testing'
import { clock } from '../../src/process/clock.ts'
import { wheel } from '../../src/process/timer-wheel.ts'
import type { EventStream } from '../../src/stream/event-stream.ts'
import { openEventStream } from '../../src/stream/open-event-stream.ts'
import { portOf, type StreamPort } from '../../src/stream/stream-port.ts'
import { serve } from './serve.ts'

const OPENS = 1_000

let startedTimers: jest.SpyInstance[]
let stoppedTimers: jest.SpyInstance
beforeEach(() => {
  startedTimers = [jest.spyOn(clock, 'setInterval'), jest.spyOn(globalThis, 'setTimeout')]
  stoppedTimers = jest.spyOn(clock, 'clearInterval')
})
afterEach(() => {
  jest.restoreAllMocks()
})

/** The timers that the tested code has started and not stopped. */
function runningTimers(): unknown[] {
  const stopped = new Set(stoppedTimers.mock.calls.map(([timer]) => timer))
  return startedTimers.flatMap(({ mock }) => mock.results).filter(({ value }) => !stopped.has(value))
}

const notGone = new Set<StreamPort>()

/** Opens a stream on each request. */
async function serveStreams(onOpen: (stream: EventStream, req: IncomingMessage) => void) {
  const streams: EventStream[] = []
  const { origin } = await serve((req, res) => {
    const stream = openEventStream(req, res, { maxAge: 60_000 })
    stream.signal.addEventListener('abort', () => {})
    streams.push(stream)
    portOf(stream)?.keepIn(notGone)
    onOpen(stream, req)
  })
  return { origin, streams }
}

async function expectNothingLeftOf(streams: EventStream[]): Promise<void> {
  await eventually('every response has finished', () => notGone.size === 0)
  expect(streams).toHaveLength(OPENS)
  expect(wheel.size).toBe(0)
  expect(startedTimers[0]).toHaveBeenCalled()
  expect(runningTimers()).toEqual([])
}

test('a thousand streams that the server ended, over one connection, leave nothing in memory', async () => {
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

test('a thousand streams whose clients disconnected leave nothing in memory', async () => {
  const { origin, streams } = await serveStreams(() => {})
  const open = async () => {
    const request = get(origin, { agent: false })
    await once(request, 'response')
    request.destroy()
  }
  for (let opened = 0; opened < OPENS; opened += 50) await Promise.all(Array.from({ length: 50 }, open))
  await expectNothingLeftOf(streams)
})
