import { Readable } from 'node:stream'
import { type EventSourceLike, isSource, pullFrom } from '../../src/source/source.ts'

async function* generate() {
  yield 'a'
}

const sources: [what: string, value: unknown][] = [
  ['an array', []],
  ['a Set', new Set()],
  ['a generator', [].values()],
  ['an async generator', generate()],
  ['a Node Readable', Readable.from([])],
  ['a web ReadableStream', new ReadableStream()],
  ['a web ReadableStream without an iterator, as Safari has it', { getReader: () => {} }],
  ['a function', () => {}],
]

test.each(sources)('%s is a source', (_, value) => {
  expect(isSource(value)).toBe(true)
})

const others: [what: string, value: unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['a string, which is iterable', 'text'],
  ['a Buffer, which is iterable', Buffer.from('text')],
  ['a number', 7],
  ['an event', { data: 'text' }],
  ['options', { retry: 1 }],
  ['a promise', Promise.resolve([])],
]

test.each(others)('%s is not a source', (_, value) => {
  expect(isSource(value)).toBe(false)
  expect(() => pullFrom(value as EventSourceLike)).toThrow(
    expect.objectContaining({ name: 'SseError', code: 'ERR_SSE_INVALID_SOURCE' }),
  )
})

test('a function is called before anything is pulled', () => {
  expect(() => pullFrom((() => []) as unknown as EventSourceLike)).toThrow(/got a function/)
})

test('the error for a text says how to send one event', () => {
  expect(() => pullFrom('text' as unknown as EventSourceLike)).toThrow(/got "text".*call stream\.send\(\)/)
})

test('a promise in an iterable is awaited', async () => {
  const pull = pullFrom([Promise.resolve('a'), 'b'])
  expect(await pull.next()).toEqual({ done: false, value: 'a' })
  expect(await pull.next()).toEqual({ done: false, value: 'b' })
  expect(await pull.next()).toMatchObject({ done: true })
})

test('a web ReadableStream is read by a reader, so that a pending read can be cancelled', async () => {
  const cancel = jest.fn()
  const stream = new ReadableStream<string>({ cancel })
  const pull = pullFrom(stream)
  expect(stream.locked).toBe(true)
  const pending = pull.next()
  await pull.cancel()
  expect(await pending).toMatchObject({ done: true })
  expect(cancel).toHaveBeenCalledTimes(1)
})

test('a Readable is cancelled by destroying it, not by its iterator, which waits for the read', () => {
  const readable = new Readable({ read() {} })
  const pull = pullFrom(readable)
  pull.next().catch(() => {})
  pull.cancel()
  expect(readable.destroyed).toBe(true)
})

test('an iterator without return() is cancelled by no longer calling it', () => {
  const bare = {
    [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true, value: undefined }) as const }),
  }
  expect(pullFrom(bare).cancel()).toBeUndefined()
})
