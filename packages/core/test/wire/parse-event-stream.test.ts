import { PassThrough } from 'node:stream'
import { parseEventStream } from '../../src/wire/parse-event-stream.ts'

async function collect<T>(events: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const event of events) all.push(event)
  return all
}

const text = 'event: e\nid: 1\ndata: a\n\nretry: 5\ndata: b\n\n'
const events = [{ event: 'e', id: '1', data: 'a' }, { retry: 5 }, { data: 'b' }]

test.each([
  ['an array of strings', [text]],
  ['an array of bytes', [Buffer.from(text)]],
  ['the body of a fetch Response', new Response(text).body as ReadableStream<Uint8Array>],
  ['a Node Readable', new PassThrough().end(text)],
])('reads %s', async (_, chunks) => {
  expect(await collect(parseEventStream(chunks))).toEqual(events)
})

test('stops its source when the loop is left early', async () => {
  const left = jest.fn()
  async function* endless() {
    try {
      for (;;) yield 'data: a\n\n'
    } finally {
      left()
    }
  }
  for await (const event of parseEventStream(endless())) {
    expect(event).toEqual({ data: 'a' })
    break
  }
  expect(left).toHaveBeenCalledTimes(1)
})

test('yields complete events before the error of its source', async () => {
  async function* breaking() {
    yield 'data: a\n\ndata: b'
    throw new Error('cut')
  }
  const read = parseEventStream(breaking())
  expect(await read.next()).toEqual({ done: false, value: { data: 'a' } })
  await expect(read.next()).rejects.toThrow('cut')
})

test('refuses an event larger than maxEventBytes, 1 MiB by default, and stops what it reads', async () => {
  const left = jest.fn()
  async function* endless() {
    try {
      for (;;) yield 'x'.repeat(65_536)
    } finally {
      left()
    }
  }
  const tooLarge = { code: 'ERR_SSE_EVENT_TOO_LARGE' }
  await expect(collect(parseEventStream(endless()))).rejects.toMatchObject(tooLarge)
  expect(left).toHaveBeenCalledTimes(1)
  await expect(collect(parseEventStream(['data: 12345\n\n'], { maxEventBytes: 10 }))).rejects.toMatchObject(
    tooLarge,
  )
  expect(await collect(parseEventStream([`data: ${'x'.repeat(1_048_570)}\n\n`]))).toHaveLength(1)
})

test.each([[0], [-1], [Number.NaN], ['1']])('refuses %p as maxEventBytes', async (maxEventBytes) => {
  const read = parseEventStream([], { maxEventBytes: maxEventBytes as number })
  await expect(collect(read)).rejects.toMatchObject({ code: 'ERR_SSE_INVALID_OPTION' })
})
