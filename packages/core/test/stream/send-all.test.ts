import { PassThrough, Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { SourceItem } from '../../src/source/source.ts'
import type { Source } from '../../src/stream/event-stream.ts'
import { FakeStream } from './fake-stream.ts'
import { IdleSource } from './idle-source.ts'

let stream: FakeStream
beforeEach(() => {
  stream = new FakeStream()
})

async function* generate(items: SourceItem[]) {
  yield* items
}

function webStream(items: SourceItem[]): ReadableStream<SourceItem> {
  return new ReadableStream({
    start(controller) {
      for (const item of items) controller.enqueue(item)
      controller.close()
    },
  })
}

describe('what is sent', () => {
  const items = ['one', { event: 'e', data: 2 }, { data: null }]
  const sources: [what: string, source: Source][] = [
    ['an async generator', generate(items)],
    ['an array', items],
    ['an iterator', items.values()],
    ['an array of promises', items.map((item) => Promise.resolve(item)) as unknown as Source],
    ['a Node Readable', Readable.from(items)],
    ['a web ReadableStream', webStream(items)],
    ['a function that returns an async generator', () => generate(items)],
    ['a generator function', () => items.values()],
    ['a function that returns an array', () => items],
    ['a function that returns a Readable', () => Readable.from(items)],
    ['a function that returns a ReadableStream', () => webStream(items)],
    ['a function that returns a promise of a source', async () => generate(items)],
    [
      'a function that sends by itself and returns nothing',
      (one) => items.forEach((item) => void one.send(item)),
    ],
    [
      'an async function that sends by itself',
      async (one) => {
        for (const item of items) await one.send(item)
      },
    ],
  ]

  test.each(sources)('is every item of %s', async (_, source) => {
    await stream.sendAll(source)
    expect(stream.sent).toEqual(items)
    expect(stream.closed).toBe(false)
  })

  test('is nothing if the source is empty', async () => {
    await stream.sendAll([])
    await stream.sendAll(() => undefined)
    expect(stream.sent).toEqual([])
  })

  test('comes from a function that receives the stream', async () => {
    const source = jest.fn(() => undefined)
    await stream.sendAll(source)
    expect(source).toHaveBeenCalledWith(stream)
  })
})

describe('bytes', () => {
  const bytes = Buffer.from('é😀')
  const cuts: [what: string, chunks: Uint8Array[], sent: string[]][] = [
    ['a chunk an event', [Buffer.from('a'), Buffer.from('b')], ['a', 'b']],
    [
      'UTF-8 cut inside two characters',
      [bytes.subarray(0, 1), bytes.subarray(1, 4), bytes.subarray(4)],
      ['é', '😀'],
    ],
    ['UTF-8 that ends inside a character', [Buffer.from('a'), bytes.subarray(0, 1)], ['a', '\ufffd']],
    ['a byte order mark, which is data', [Buffer.from('\ufeffa')], ['\ufeffa']],
    ['another view of bytes than a Buffer', [new Uint8Array([0x61])], ['a']],
    ['no bytes at all', [Buffer.alloc(0)], []],
  ]

  test.each(cuts)('%s', async (_, chunks, sent) => {
    await stream.sendAll(chunks)
    expect(stream.sent).toEqual(sent)
  })

  test('of a Readable are an event for each chunk', async () => {
    const readable = new PassThrough()
    const done = stream.sendAll(readable)
    readable.write(bytes.subarray(0, 3))
    await nextTurn()
    readable.end(bytes.subarray(3))
    await done
    expect(stream.sent).toEqual(['é', '😀'])
  })
})

describe('what is not a source', () => {
  test.each([['text'], [7], [null], [undefined], [{ data: 'x' }], [Promise.resolve([])]])(
    'is refused: %p',
    async (value) => {
      const refusal = { name: 'SseError', code: 'ERR_SSE_INVALID_SOURCE' }
      await expect(stream.sendAll(value as unknown as Source)).rejects.toMatchObject(refusal)
    },
  )

  test('is refused as the result of a function', async () => {
    const source = (() => 'text') as unknown as Source
    await expect(stream.sendAll(source)).rejects.toMatchObject({ code: 'ERR_SSE_INVALID_SOURCE' })
  })
})

describe('an item that cannot be sent', () => {
  beforeEach(() => {
    stream.send = () => {
      throw new TypeError('refused')
    }
  })

  test('is an error, and return() of the iterator is called', async () => {
    const source = new IdleSource()
    await expect(stream.sendAll(source)).rejects.toThrow('refused')
    expect(source.return).toHaveBeenCalledTimes(1)
  })

  test('is an error, and the Readable is destroyed', async () => {
    const readable = Readable.from([7])
    await expect(stream.sendAll(readable)).rejects.toThrow('refused')
    expect(readable.destroyed).toBe(true)
  })

  test('is an error, and the web ReadableStream is cancelled', async () => {
    const cancel = jest.fn()
    const source = new ReadableStream({ start: (controller) => controller.enqueue(7), cancel })
    await expect(stream.sendAll(source)).rejects.toThrow('refused')
    expect(cancel).toHaveBeenCalledTimes(1)
  })
})

test('no listener remains on the signal of a stream that stays open', async () => {
  const added = jest.spyOn(stream.signal, 'addEventListener')
  const removed = jest.spyOn(stream.signal, 'removeEventListener')
  await stream.sendAll(['one'])
  expect(added).toHaveBeenCalled()
  expect(removed.mock.calls).toEqual(expect.arrayContaining(added.mock.calls))
})
