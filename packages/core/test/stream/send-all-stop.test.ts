import { Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Source } from '../../src/stream/event-stream.ts'
import { FakeStream } from './fake-stream.ts'
import { IdleSource, never } from './idle-source.ts'

let stream: FakeStream
beforeEach(() => {
  stream = new FakeStream()
})

/** Starts to send, and returns when the source has nothing more to yield for now. */
async function sending(source: Source): Promise<{ done: Promise<void> }> {
  const done = stream.sendAll(source)
  done.catch(() => {})
  await nextTurn()
  return { done }
}

describe('the pace', () => {
  test('is that of the client: nothing is pulled while a send waits', async () => {
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

describe('when the stream ends', () => {
  test('return() of an idle async iterator is called at once and not awaited', async () => {
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

  test('the finally block of a generator that waits for room runs', async () => {
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

  test('a generator that waits for something else is not waited for', async () => {
    const source = async function* () {
      yield 'one'
      await never
    }
    const { done } = await sending(source)
    stream.over()
    await expect(done).resolves.toBeUndefined()
  })

  test('a function that has not returned its source yet is not waited for, and its source is stopped', async () => {
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

  test('a late item is not sent', async () => {
    let give = (_item: string) => {}
    const { done } = await sending([new Promise<string>((resolve) => (give = resolve))])
    stream.over()
    await done
    give('late')
    await nextTurn()
    expect(stream.sent).toEqual([])
  })

  test('a source that has ended is not stopped', async () => {
    const source = new IdleSource()
    source.next.mockResolvedValueOnce({ done: true, value: undefined })
    await stream.sendAll({ [Symbol.asyncIterator]: () => source })
    stream.over()
    expect(source.return).not.toHaveBeenCalled()
  })
})

describe('when the stream has already ended', () => {
  beforeEach(() => {
    stream.over()
  })

  test('return() of an iterator is called without starting it', async () => {
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

  test('a Readable is destroyed, and its error is ignored', async () => {
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

  test.each(failing)('of %s is passed to the caller', async (_, source) => {
    await expect(stream.sendAll(source())).rejects.toBe(error)
    expect(stream.closed).toBe(false)
  })

  test.each(failing)('of %s is ignored once the stream is over', async (_, source) => {
    const sent = stream.sendAll(source())
    stream.over()
    await expect(sent).resolves.toBeUndefined()
  })

  test('of a source whose upstream request was aborted by the signal is ignored', async () => {
    const upstream = ({ signal }: FakeStream) =>
      new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    const { done } = await sending(async function* (one) {
      yield 'one'
      await upstream(one as FakeStream)
    })
    stream.over()
    await expect(done).resolves.toBeUndefined()
  })

  test('of return() is ignored', async () => {
    const source = new IdleSource()
    source.return.mockRejectedValue(error)
    const { done } = await sending(source)
    stream.over()
    await expect(done).resolves.toBeUndefined()
  })

  test('of next() ends the iteration without a call of return()', async () => {
    const source = new IdleSource()
    source.next.mockImplementationOnce(fail)
    await expect(stream.sendAll({ [Symbol.asyncIterator]: () => source })).rejects.toBe(error)
    expect(source.return).not.toHaveBeenCalled()
  })

  test('of a promise in a generator runs its finally block', async () => {
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
