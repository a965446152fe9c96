import { setTimeout as sleep } from 'node:timers/promises'
import { type EventStreamResponse, isResponse } from '../../src/source/event-stream-response.ts'
import { checkResponse, discardSource } from '../../src/source/relay.ts'
import type { Source } from '../../src/stream/event-stream.ts'
import { FakeStream } from '../stream/fake-stream.ts'

const TYPE = { 'content-type': 'text/event-stream' }

/** A response whose body the test writes. */
function upstream(init: ResponseInit = { headers: TYPE }) {
  const cancel = jest.fn()
  let controller!: ReadableStreamDefaultController<Uint8Array>
  const body = new ReadableStream<Uint8Array>({
    start(its) {
      controller = its
    },
    cancel,
  })
  return {
    response: new Response(body, init),
    cancel,
    write: (text: string) => controller.enqueue(Buffer.from(text)),
    end: () => controller.close(),
    fail: (error: Error) => controller.error(error),
  }
}

let stream: FakeStream
beforeEach(() => {
  stream = new FakeStream()
})

const sent = () => stream.sent.join('')

test('forwards events unchanged, even with ids that send() refuses, and drops comments', async () => {
  const { response, write, end } = upstream()
  const done = stream.sendAll(response)
  write(': hello\n\nevent: e\nid: ü\ndata: a\ndata: b\n\nretry: 7\r\nid: 9\r\n\r\nda')
  write('ta: c\r\rdata: unfinished\n')
  end()
  await done
  expect(sent()).toBe('event: e\nid: ü\ndata: a\ndata: b\n\nretry: 7\nid: 9\n\ndata: c\n\n')
})

test('nothing is read ahead while the client does not read', async () => {
  stream.room = new Promise(() => {})
  let pulled = 0
  const body = new ReadableStream<Uint8Array>(
    { pull: (controller) => controller.enqueue(Buffer.from(`data: ${pulled++}\n\n`)) },
    { highWaterMark: 0 },
  )
  void stream.sendAll(new Response(body, { headers: TYPE }))
  await sleep(20)
  expect(pulled).toBe(1)
  stream.over()
})

test('the upstream is cancelled when the stream ends, even before its first byte', async () => {
  const { response, cancel } = upstream()
  const done = stream.sendAll(response)
  await sleep(5)
  stream.over()
  expect(cancel).toHaveBeenCalledTimes(1)
  await done
})

test('the upstream is cancelled if the stream has already ended', async () => {
  const { response, cancel } = upstream()
  stream.over()
  await stream.sendAll(response)
  expect(cancel).toHaveBeenCalledTimes(1)
})

test('if the upstream breaks, the unfinished event is dropped and the caller gets the error', async () => {
  const { response, write, fail } = upstream()
  const done = stream.sendAll(response)
  write('data: a\n\ndata: b')
  await sleep(5)
  fail(new Error('terminated'))
  await expect(done).rejects.toThrow('terminated')
  expect(sent()).toBe('data: a\n\n')
})

test('an event larger than maxEventBytes is an error, and the upstream is cancelled', async () => {
  const { response, write, cancel } = upstream()
  const done = stream.sendAll(response)
  write(`data: ${'x'.repeat(1_000)}`)
  await expect(done).rejects.toMatchObject({ code: 'ERR_SSE_EVENT_TOO_LARGE' })
  expect(cancel).toHaveBeenCalledTimes(1)
})

test('a function may return a response, or a promise of one', async () => {
  const give = (): Response => new Response('data: a\n\n', { headers: TYPE })
  await stream.sendAll(give)
  await stream.sendAll(async () => give())
  expect(sent()).toBe('data: a\n\ndata: a\n\n')
})

test('a body that is a Node Readable is read, as in node-fetch', async () => {
  const { Readable } = await import('node:stream')
  const response = {
    ok: true,
    status: 200,
    headers: new Headers(TYPE),
    body: Readable.from([Buffer.from('data: a\n\n')]),
  }
  await stream.sendAll(response)
  expect(sent()).toBe('data: a\n\n')
})

const refused: [what: string, init: ResponseInit, message: RegExp][] = [
  ['not ok', { status: 500, headers: TYPE }, /has the status 500/],
  [
    'JSON',
    { headers: { 'content-type': 'application/json' } },
    /is "application\/json".*pass response\.body/,
  ],
  [
    'of a type that only begins so',
    { headers: { 'content-type': 'text/event-streams' } },
    /is "text\/event-streams"/,
  ],
  ['of no type', {}, /has no content-type/],
]

test.each(refused)('a response that is %s is refused and cancelled', async (_, init, message) => {
  const refusal = {
    name: 'SseError',
    code: 'ERR_SSE_INVALID_SOURCE',
    message: expect.stringMatching(message),
  }
  const first = upstream(init)
  expect(() => checkResponse(first.response)).toThrow(expect.objectContaining(refusal))
  expect(first.cancel).toHaveBeenCalledTimes(1)
  const second = upstream(init)
  await expect(stream.sendAll(async () => second.response)).rejects.toMatchObject(refusal)
  expect(second.cancel).toHaveBeenCalledTimes(1)
})

test('a response without a body and one that is already being read are refused', () => {
  const without = new Response(null, { headers: TYPE })
  expect(() => checkResponse(without)).toThrow(/has no body/)
  const { response, cancel } = upstream()
  response.body?.getReader()
  expect(() => checkResponse(response)).toThrow(/is being read already/)
  expect(cancel).not.toHaveBeenCalled()
})

test.each([['text/event-stream'], ['text/event-stream; charset=utf-8'], ['Text/Event-Stream ;a=b']])(
  '%s is taken',
  (type) => {
    expect(() => checkResponse(upstream({ headers: { 'content-type': type } }).response)).not.toThrow()
  },
)

test('options, requests and events are not responses', () => {
  for (const value of [
    null,
    'x',
    {},
    { headers: {} },
    { ok: true },
    { data: 1 },
    new Request('http://localhost/'),
  ]) {
    expect(isResponse(value)).toBe(false)
  }
  expect(isResponse(new Response())).toBe(true)
})

test('an unused source of any kind is stopped', async () => {
  const { response, cancel } = upstream()
  discardSource(response)
  expect(cancel).toHaveBeenCalledTimes(1)
  const returned = jest.fn(async () => ({ done: true as const, value: undefined }))
  discardSource({ [Symbol.asyncIterator]: () => ({ next: returned, return: returned }) } satisfies Source)
  expect(returned).toHaveBeenCalledTimes(1)
  const nothing: unknown[] = [() => {}, 'text', null, new Response(null), {} as EventStreamResponse]
  for (const value of nothing) expect(() => discardSource(value)).not.toThrow()
})
