// Compile-time assertions: `npm run typecheck` runs them. Nothing here is ever called.
import { createReadStream } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import { Readable } from 'node:stream'
import type OpenAI from 'openai'
import type { Stream } from 'openai/streaming'
import {
  type EventStream,
  type EventStreamOptions,
  encodeEvent,
  openEventStream,
  type ServerSentEvent,
  type Source,
  type SseCloseCode,
  SseError,
  type SseErrorCode,
  type SseMethod,
  StreamGroup,
} from '../src/index.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
declare function assertType<_Holds extends true>(): void

declare const sse: SseMethod
declare const stream: EventStream
declare const numbers: AsyncGenerator<number>
declare const events: AsyncGenerator<ServerSentEvent>
declare const texts: Iterable<string>
declare const row: { id: number; name: string }
declare const rows: AsyncIterable<typeof row>
declare const completion: Stream<OpenAI.ChatCompletionChunk>

export function sseMethod() {
  // Without a source: the stream. With one: a promise of its end.
  const opened = sse()
  assertType<Equal<typeof opened, EventStream>>()
  const openedWithOptions = sse({
    retry: 1_000,
    keepAlive: false,
    headers: { 'Set-Cookie': ['a=1'] },
    maxAge: undefined,
  })
  assertType<Equal<typeof openedWithOptions, EventStream>>()
  const served = sse(events, { retry: 1_000 })
  assertType<Equal<typeof served, Promise<void>>>()

  // @ts-expect-error: a text is one event, not a source of many
  sse('text')
  // @ts-expect-error: an item is an event, a text or bytes
  sse(numbers)
  // @ts-expect-error: a number is no item
  sse([1, 2])
  // @ts-expect-error: a function must return a source too
  sse(() => numbers)
  // @ts-expect-error: rows of a database are data: { data: row }
  sse([{ id: 1, name: 'Ada' }])
  // @ts-expect-error: a row is no item
  sse(rows)
  // @ts-expect-error: chunks of an SDK are data, too
  sse(completion)
  // @ts-expect-error: a chunk of an SDK is no item
  sse(async () => completion)
  // @ts-expect-error: a generator must yield items
  sse(async function* () {
    yield row
  })
  const either = sse({} as Source | EventStreamOptions)
  assertType<Equal<typeof either, Promise<void> | EventStream>>()
  // @ts-expect-error: a promise of a source is not one: a function may return it
  sse(Promise.resolve(texts))
  // @ts-expect-error: an event goes to send()
  sse({ data: 'text' })
  // @ts-expect-error: true is no interval
  sse({ keepAlive: true })
  // @ts-expect-error: an option's name is misspelt
  sse({ keepalive: 1_000 })
  // @ts-expect-error: the same in second place
  sse(events, { retry: '1000' })
}

export function sources() {
  const accepted: Source[] = [
    events,
    texts,
    [{ data: 1 }, 'text', Buffer.from('text')],
    [Promise.resolve('text')],
    new Set(['text']),
    Readable.from([]),
    createReadStream('file'),
    new ReadableStream<Uint8Array>(),
    new ReadableStream<string>(),
    () => events,
    async () => texts,
    function* () {
      yield 'text'
    },
    async function* ({ signal, lastEventId }) {
      yield { id: lastEventId, data: signal.aborted }
    },
    // Functions that send by themselves
    () => {},
    async (one) => {
      await one.send('text')
    },
  ]
  const ended = accepted.map((source) => stream.sendAll(source))
  assertType<Equal<typeof ended, Promise<void>[]>>()
  // @ts-expect-error: a text is no source here either
  stream.sendAll('text')
}

export function sending() {
  const sent = stream.send({ event: 'e', data: { any: ['thing'] }, id: 7, retry: 1, comment: 'c' })
  assertType<Equal<typeof sent, Promise<boolean>>>()
  // Absent and undefined are the same, even under exactOptionalPropertyTypes.
  stream.send({ event: undefined, data: null, id: undefined, retry: undefined, comment: undefined })
  const typed: ServerSentEvent<{ at: Date }> = { data: { at: new Date() } }
  assertType<Equal<typeof typed.data, { at: Date }>>()
  // Alone, without data:
  stream.send({ retry: 1_000 })
  stream.send({ comment: 'text' })
  stream.send({ comment: 'text', retry: 1_000 })
  encodeEvent(typed, (data) => String(data))

  // @ts-expect-error: data goes into an event
  stream.send(7)
  // @ts-expect-error: a row is data: { data: row }
  stream.send(row)
  // @ts-expect-error: an event without data is never dispatched
  stream.send({ event: 'e' })
  // @ts-expect-error: an id needs data
  stream.send({ id: 7, retry: 1_000 })
  // @ts-expect-error: a comment is not data
  stream.send({ event: 'e', comment: 'text' })
  // @ts-expect-error: nothing to send
  stream.send({})
  // @ts-expect-error: a field's name is misspelt
  stream.send({ evnt: 'e', data: 1 })
  // @ts-expect-error: an event name is a string
  stream.send({ event: 1, data: 1 })
  // @ts-expect-error: ms, as a number
  stream.send({ retry: '1000' })
  // @ts-expect-error: text
  stream.comment(1)
  // @ts-expect-error: serialize returns text
  encodeEvent({ data: 1 }, (data) => data)
}

export function theStream() {
  assertType<Equal<typeof stream.signal, AbortSignal>>()
  assertType<Equal<NonNullable<typeof stream.reason>['code'], SseCloseCode>>()
  // @ts-expect-error: undefined while the stream is open
  stream.reason.code
  // @ts-expect-error: close() closes it
  stream.closed = true
  // @ts-expect-error: the client has said so
  stream.lastEventId = ''
}

export function opening() {
  createServer((req, res) => openEventStream(req, res, { lastEventIdParameter: 'id' }))
  createHttp2Server((req, res) => openEventStream(req, res))
  const group = new StreamGroup()
  createServer((req, res) =>
    group.sse(req, res, { onSourceError: (error) => res.destroy(error as Error) })(events),
  )
  const closed = group.close({ drain: 1_000 })
  assertType<Equal<typeof closed, Promise<void>>>()
}

export function errors(error: unknown) {
  if (!(error instanceof SseError)) return
  assertType<Equal<typeof error.code, SseErrorCode>>()
  const why: SseCloseCode = 'ERR_SSE_CLIENT_CLOSED'
  const code: SseErrorCode = why
  // @ts-expect-error: no code of this library
  error.code === 'ERR_SSE_UNKNOWN'
  return code
}
