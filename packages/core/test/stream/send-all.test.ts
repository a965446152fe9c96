import { PassThrough, Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Source, SourceItem } from '../../src/stream/source.ts'
import { FakeStream } from './fake-stream.ts'

let stream: FakeStream
beforeEach(() => {
  stream = new FakeStream()
})

/** What is never going to happen. */
const never = new Promise<never>(() => {})

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

/** A source that yields one item and is then idle for ever. */
class IdleSource implements AsyncIterableIterator<string> {
  readonly next = jest.fn<Promise<IteratorResult<string>>, []>(async () => never)
  readonly return = jest.fn<Promise<IteratorResult<string>>, []>(async () => ({
    done: true,
    value: undefined,
  }));

  [Symbol.asyncIterator](): this {
    this.next.mockResolvedValueOnce({ done: false, value: 'one' })
    return this
  }
}

/** Starts to send, and comes back when the source has nothing more to give for now. */
async function sending(source: Source): Promise<{ done: Promise<void> }> {
  const done = stream.sendAll(source)
  done.catch(() => {})
  await nextTurn()
  return { done }
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

  test('is nothing where there is nothing', async () => {
    await stream.sendAll([])
    await stream.sendAll(() => undefined)
    expect(stream.sent).toEqual([])
  })

  test('comes from a function that is given the stream', async () => {
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

  test('of a Readable are its chunks', async () => {
    const readable = new PassThrough()
    const { done } = await sending(readable)
    readable.write(bytes.subarray(0, 3))
    await nextTurn()
    readable.end(bytes.subarray(3))
    await done
    expect(stream.sent).toEqual(['é', '😀'])
  })
})

describe('the pace', () => {
  test('is the client’s: nothing is pulled while a send waits', async () => {
    let makeRoom = () => {}
    stream.room = new Promise<void>((resolve) => {
      makeRoom = resolve
    })
    let pulled = 0
    const endless = (function* () {
      for (;;) yield String(pulled++)
    })()
    const { done } = await sending(endless)
    expect(pulled).toBe(1)
    stream.room = never
    makeRoom()
    await nextTurn()
    expect(pulled).toBe(2)
    stream.over()
    await done
  })
})

describe('when the stream is over', () => {
  test('an idle async iterator is returned at once, and nobody waits for it', async () => {
    const source = new IdleSource()
    const { done } = await sending(source)
    stream.over()
    expect(source.return).toHaveBeenCalledTimes(1)
    await done
    expect(stream.sent).toEqual(['one'])
  })

  test('an idle Readable is destroyed at once', async () => {
    const readable = new Readable({ objectMode: true, read() {} })
    const { done } = await sending(readable)
    stream.over()
    expect(readable.destroyed).toBe(true)
    await done
  })

  test('an idle web ReadableStream is cancelled at once', async () => {
    const cancel = jest.fn()
    const { done } = await sending(new ReadableStream({ cancel }))
    stream.over()
    expect(cancel).toHaveBeenCalledTimes(1)
    await done
  })

  test('the finally of a generator that waits for room runs', async () => {
    stream.room = never
    const cleanUp = jest.fn()
    const source = async function* () {
      try {
        for (;;) yield 'one'
      } finally {
        cleanUp()
      }
    }
    const { done } = await sending(source)
    stream.over()
    await done
    expect(cleanUp).toHaveBeenCalledTimes(1)
  })

  test('a generator that waits for something of its own is not waited for', async () => {
    const source = async function* () {
      yield 'one'
      await never
    }
    const { done } = await sending(source)
    stream.over()
    await expect(done).resolves.toBeUndefined()
  })

  test('a function that has not come to a source yet is not waited for, and its source is stopped', async () => {
    const source = new IdleSource()
    let giveSource = (_source: IdleSource) => {}
    const { done } = await sending(() => new Promise<IdleSource>((resolve) => (giveSource = resolve)))
    stream.over()
    await done
    giveSource(source)
    await nextTurn()
    expect(source.return).toHaveBeenCalledTimes(1)
    expect(source.next).not.toHaveBeenCalled()
  })

  test('an item that comes late is not sent', async () => {
    let give = (_item: string) => {}
    const { done } = await sending([new Promise<string>((resolve) => (give = resolve))])
    stream.over()
    await done
    give('late')
    await nextTurn()
    expect(stream.sent).toEqual([])
  })

  test('a source that ends is not stopped as well', async () => {
    const source = new IdleSource()
    source.next.mockResolvedValueOnce({ done: true, value: undefined })
    await stream.sendAll({ [Symbol.asyncIterator]: () => source })
    stream.over()
    expect(source.return).not.toHaveBeenCalled()
  })
})

describe('when the stream was over before', () => {
  beforeEach(() => {
    stream.over()
  })

  test('an iterator is returned and never started', async () => {
    const source = new IdleSource()
    await stream.sendAll(source)
    expect(source.return).toHaveBeenCalledTimes(1)
    expect(source.next).not.toHaveBeenCalled()
  })

  test('a function is not called', async () => {
    const source = jest.fn()
    await stream.sendAll(source)
    expect(source).not.toHaveBeenCalled()
  })

  test('a Readable is destroyed, and what it makes of that is nobody’s business', async () => {
    const readable = new Readable({ read() {}, destroy: (_error, done) => done(new Error('unwilling')) })
    await stream.sendAll(readable)
    expect(readable.destroyed).toBe(true)
    await nextTurn()
  })

  test('a web ReadableStream is cancelled', async () => {
    const cancel = jest.fn(() => Promise.reject(new Error('unwilling')))
    await stream.sendAll(new ReadableStream({ cancel }))
    expect(cancel).toHaveBeenCalledTimes(1)
  })
})

describe('an error', () => {
  const error = new Error('of the source')
  const fail = () => {
    throw error
  }
  const failing: [what: string, source: () => Source][] = [
    ['a function that throws', () => fail],
    ['a function that rejects', () => async () => fail()],
    ['a generator that throws at once', () => failAtOnce()],
    ['an async generator that throws at once', () => failAtOnceAsync()],
    ['an async generator that throws later', () => failLater()],
    ['an iterator whose next() throws', () => ({ [Symbol.asyncIterator]: () => ({ next: fail }) })],
    ['an iterable that fails to give an iterator', () => ({ [Symbol.asyncIterator]: fail })],
    ['a rejected promise in an array', () => [Promise.reject(error)]],
    ['a Readable', () => new Readable({ read: fail })],
    ['a web ReadableStream', () => new ReadableStream({ pull: fail })],
  ]
  function* failAtOnce() {
    yield fail()
  }
  async function* failAtOnceAsync() {
    yield fail()
  }
  async function* failLater() {
    yield 'one'
    await nextTurn()
    fail()
  }

  test.each(failing)('of %s is the caller’s', async (_, source) => {
    await expect(stream.sendAll(source())).rejects.toBe(error)
    expect(stream.closed).toBe(false)
  })

  test.each(failing)('of %s is no error once the stream is over', async (_, source) => {
    const sent = stream.sendAll(source())
    stream.over()
    await expect(sent).resolves.toBeUndefined()
  })

  test('of a source whose call upstream was aborted by the signal is no error', async () => {
    const upstream = ({ signal }: FakeStream) =>
      new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    const { done } = await sending(async function* (one) {
      yield 'one'
      await upstream(one as FakeStream)
    })
    stream.over()
    await expect(done).resolves.toBeUndefined()
  })

  test('of return() is swallowed', async () => {
    const source = new IdleSource()
    source.return.mockRejectedValue(error)
    const { done } = await sending(source)
    stream.over()
    await expect(done).resolves.toBeUndefined()
  })

  test('of next() ends the iteration: return() is not called after it', async () => {
    const source = new IdleSource()
    source.next.mockImplementationOnce(fail)
    await expect(stream.sendAll({ [Symbol.asyncIterator]: () => source })).rejects.toBe(error)
    expect(source.return).not.toHaveBeenCalled()
  })

  test('of a promise in a generator runs its finally', async () => {
    const cleanUp = jest.fn()
    const source = function* () {
      try {
        yield Promise.reject(error)
      } finally {
        cleanUp()
      }
    }
    await expect(stream.sendAll(source())).rejects.toBe(error)
    expect(cleanUp).toHaveBeenCalledTimes(1)
  })
})

describe('what is no source', () => {
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

  test('is an error, and the iterator is returned', async () => {
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

test('nothing stays on the signal of a stream that goes on', async () => {
  const added = jest.spyOn(stream.signal, 'addEventListener')
  const removed = jest.spyOn(stream.signal, 'removeEventListener')
  await stream.sendAll(['one'])
  expect(added).toHaveBeenCalled()
  expect(removed.mock.calls).toEqual(expect.arrayContaining(added.mock.calls))
})
