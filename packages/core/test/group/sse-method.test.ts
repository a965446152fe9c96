import { Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type SseMethod, sseMethod } from '../../src/group/sse-method.ts'
import type { EventStream } from '../../src/stream/event-stream.ts'
import type { EventStreamOptions } from '../../src/stream/event-stream-options.ts'
import type { PreparedEventStream } from '../../src/stream/open-event-stream.ts'
import type { ResponsePort } from '../../src/stream/response-port.ts'
import { create } from '../stream/begin.ts'
import { codeOf } from '../stream/close-code.ts'
import type { FakeTarget } from '../stream/fake-target.ts'

let sse: SseMethod
let stream: EventStream
let port: ResponsePort
let target: FakeTarget
let prepare: jest.Mock<PreparedEventStream, [EventStreamOptions | undefined]>
let onSourceError: jest.Mock

beforeEach(() => {
  ;({ stream, port, target } = create())
  prepare = jest.fn((_options) => ({
    stream,
    status: 200,
    whenFinished: () => {},
    head: () => [],
    begin: () => port.begin(target),
    beginOn: (other) => port.begin(other),
    abandon: () => {},
  }))
  onSourceError = jest.fn()
  sse = sseMethod(prepare, { onSourceError })
})
afterEach(() => {
  port.onResponseClose()
})

test('without a source it opens the stream and returns it', () => {
  expect(sse()).toBe(stream)
  expect(prepare).toHaveBeenCalledWith(undefined)
})

test('an object that is not a source is taken as options', () => {
  const options = { retry: 1 }
  expect(sse(options)).toBe(stream)
  expect(prepare).toHaveBeenCalledWith(options)
})

test('with a source it sends that and closes the stream', async () => {
  const options = { retry: 1 }
  expect(await sse(['one', 'two'], options)).toBeUndefined()
  expect(prepare).toHaveBeenCalledWith(options)
  expect(target.text).toBe('retry: 3000\n:\n\ndata: one\n\ndata: two\n\n')
  expect(target.writableEnded).toBe(true)
  expect(codeOf(stream)).toBe('ERR_SSE_CLOSED')
  expect(onSourceError).not.toHaveBeenCalled()
})

test('a function is given the stream', async () => {
  const source = jest.fn(() => undefined)
  await sse(source)
  expect(source).toHaveBeenCalledWith(stream)
})

test.each([['text'], [7], [true], [null], [Symbol('s')], [Promise.resolve([])], [new Date()], [{ data: 1 }]])(
  'refuses a value that is neither a source nor options, and opens nothing: %p',
  (value) => {
    expect(() => sse(value as unknown as EventStreamOptions)).toThrow(
      expect.objectContaining({ name: 'SseError', code: 'ERR_SSE_INVALID_SOURCE' }),
    )
    expect(prepare).not.toHaveBeenCalled()
  },
)

test('refuses options after an undefined source: the source is missing by mistake', () => {
  expect(() => (sse as (...args: unknown[]) => unknown)(undefined, {})).toThrow(
    /^A source must be .*; got undefined\./,
  )
  expect(prepare).not.toHaveBeenCalled()
})

test('an error in opening the stream is thrown, not a rejection', () => {
  prepare.mockImplementation(() => {
    throw new TypeError('open already')
  })
  expect(() => sse(['one'])).toThrow('open already')
})

test('a source is stopped when its stream cannot be opened', () => {
  prepare.mockImplementation(() => {
    throw new TypeError('open already')
  })
  const cancelled = jest.fn()
  const source = new ReadableStream<string>({ cancel: cancelled })
  const readable = new Readable({ read() {} })
  expect(() => sse(source)).toThrow('open already')
  expect(() => sse(readable)).toThrow('open already')
  expect(cancelled).toHaveBeenCalledTimes(1)
  expect(readable.destroyed).toBe(true)
})

test('the host may send the headers in its own way', () => {
  const begin = jest.fn()
  expect(sseMethod(prepare, { begin, onSourceError })()).toBe(stream)
  expect(begin).toHaveBeenCalledWith(prepare.mock.results[0]?.value, expect.any(Function))
  expect(target.writes).toEqual([])
})

test('an error that the host does not handle becomes a process warning', async () => {
  const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const error = new Error('of the handler')
  const begin = jest.fn()
  sseMethod(prepare, { begin, onSourceError: () => false })()
  const [[, fail]] = begin.mock.calls
  fail(error)
  stream.close()
  port.onResponseClose()
  await nextTurn()
  expect(emitWarning.mock.calls).toEqual([[error]])
  emitWarning.mockRestore()
})

describe('an error of the source', () => {
  const error = new Error('of the source')
  async function* failLater() {
    yield 'one'
    throw error
  }

  test('ends the stream after what was sent, and is the cause of the end', async () => {
    await expect(sse(failLater())).resolves.toBeUndefined()
    expect(target.text).toBe('retry: 3000\n:\n\ndata: one\n\n')
    expect(target.writableEnded).toBe(true)
    expect(stream.signal.reason).toMatchObject({ code: 'ERR_SSE_SOURCE_FAILED', cause: error })
  })

  test('is passed to the host once, when the response has finished', async () => {
    await sse(failLater())
    expect(onSourceError).not.toHaveBeenCalled()
    port.onResponseClose()
    await nextTurn()
    expect(onSourceError.mock.calls).toEqual([[error]])
  })

  test('can be an event that cannot be encoded', async () => {
    await sse([{ event: 'a\nb', data: '' }])
    port.onResponseClose()
    await nextTurn()
    expect(onSourceError.mock.calls).toEqual([
      [expect.objectContaining({ code: 'ERR_SSE_INVALID_EVENT_NAME' })],
    ])
    expect(target.text).toBe('retry: 3000\n:\n\n')
  })

  test('is ignored if it results from the disconnect', async () => {
    const done = sse(async function* ({ signal }) {
      yield 'one'
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(error)))
    })
    await nextTurn()
    port.onResponseClose()
    await done
    await nextTurn()
    expect(onSourceError).not.toHaveBeenCalled()
    expect(codeOf(stream)).toBe('ERR_SSE_CLIENT_CLOSED')
  })
})
