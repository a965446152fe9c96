import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '@downstream/testing'
import { SseError } from '../../src/errors.ts'
import { RunProducer } from '../../src/run/run-producer.ts'
import type { RunClaim } from '../../src/run/run-store.ts'
import type { RunSource } from '../../src/run/runs.ts'
import { resolveRunOptions, resolveRunsOptions } from '../../src/run/runs-options.ts'

const HEADERS = { 'content-type': 'text/event-stream' }

/** A response that never ends by itself, whose body is asked for each chunk when the last one was taken. */
function upstream(...chunks: string[]) {
  const cancel = jest.fn()
  let pulled = 0
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const chunk = chunks[pulled++]
        if (chunk !== undefined) controller.enqueue(Buffer.from(chunk))
        else return new Promise(() => {})
      },
      cancel,
    },
    { highWaterMark: 0 },
  )
  return { response: new Response(body, { headers: HEADERS }), cancel, pulled: () => pulled }
}

/** A producer and its claim, whose appends the test lets wait or fail. */
function open({ maxBytes = 1_000_000, watched = true, onError = jest.fn() } = {}) {
  const appended: string[][] = []
  const ends: string[] = []
  let answer: () => Promise<void> = async () => {}
  const claim: RunClaim = {
    attempt: 'a',
    watched,
    async append(events) {
      appended.push([...events])
      await answer()
    },
    async end(status) {
      ends.push(status)
      await answer()
    },
  }
  const producer = new RunProducer('x', resolveRunsOptions({ onError }), resolveRunOptions({ maxBytes }))
  return {
    producer,
    appended,
    ends,
    onError,
    produce: (source: RunSource) => producer.produce(claim, source),
    /** What the store answers from now on. */
    store(answers: () => Promise<void>) {
      answer = answers
    },
  }
}

const away = async () => {
  throw new SseError('ERR_SSE_RUNS_UNAVAILABLE', 'away')
}

test('the events of a tick are stored together', async () => {
  const { produce, appended } = open()
  expect(
    await produce(async function* () {
      yield '1'
      yield '2'
      await nextTurn()
      yield '3'
    }),
  ).toBe('done')
  expect(appended).toEqual([['data: 1\n\n', 'data: 2\n\n'], ['data: 3\n\n']])
})

test('without followers the events of several ticks are stored together', async () => {
  const { produce, appended } = open({ watched: false })
  await produce(async function* () {
    for (let n = 0; n < 10; n++) {
      yield String(n)
      await nextTurn()
    }
  })
  expect(appended.flat()).toHaveLength(10)
  expect(appended.length).toBeLessThan(10)
})

test('events are stored before their tick is over once they are large, and only then', async () => {
  const { produce, appended } = open()
  await produce(['x'.repeat(20_000), '1', '2', '3'])
  expect(appended.map((events) => events.length)).toEqual([1, 3])
})

test('a source waits while the store does not answer', async () => {
  const { produce, store, producer } = open()
  store(() => new Promise(() => {}))
  const { response, pulled } = upstream(`data: ${'x'.repeat(20_000)}\n\ndata: 1\n\n`, 'data: 2\n\n')
  void produce(response)
  await eventually('the first chunk', () => pulled() === 1)
  await sleep(20)
  expect(pulled()).toBe(1)
  producer.stop('ERR_SSE_SHUTDOWN', 'over')
})

test('an append that fails fails the run: one report, and no other append', async () => {
  const { produce, store, producer, appended, ends, onError } = open()
  store(away)
  const status = await produce(async function* () {
    yield '1'
    await nextTurn()
    for (;;) {
      yield 'x'.repeat(20_000)
      await nextTurn()
    }
  })
  expect([status, ends]).toEqual(['failed', ['failed']])
  expect(appended).toEqual([['data: 1\n\n']])
  expect(onError.mock.calls).toEqual([[expect.objectContaining({ code: 'ERR_SSE_RUNS_UNAVAILABLE' }), 'x']])
  expect(producer.signal.reason).toBe(onError.mock.calls[0]?.[0])
})

test('an end that fails is reported, also that of a run that failed for another reason', async () => {
  for (const error of [undefined, new Error('source')]) {
    const { produce, store, onError } = open()
    const status = await produce(() => {
      store(away)
      return error ? Promise.reject(error) : []
    })
    expect(status).toBe(error ? 'failed' : 'done')
    const unavailable = expect.objectContaining({ code: 'ERR_SSE_RUNS_UNAVAILABLE' })
    expect(onError.mock.calls.map(([error]) => error)).toEqual(error ? [error, unavailable] : [unavailable])
  }
})

test('a run that was stopped stays so if its last events cannot be stored, and that is reported once', async () => {
  const { produce, store, producer, ends, onError } = open()
  let fail = () => {}
  store(
    () =>
      new Promise((_, reject) => {
        fail = () => reject(new Error('away'))
      }),
  )
  const over = produce(async function* () {
    yield '1'
    await new Promise(() => {})
  })
  await nextTurn()
  producer.stop('ERR_SSE_SHUTDOWN', 'over')
  store(away)
  fail()
  expect(await over).toBe('stopped')
  expect(ends).toEqual(['stopped'])
  expect(onError).toHaveBeenCalledTimes(1)
})

test('a run that has failed stays so if it is stopped before its end is stored', async () => {
  const { produce, store, producer, ends } = open()
  let proceed = () => {}
  store(
    () =>
      new Promise((resolve) => {
        proceed = resolve
      }),
  )
  const over = produce(async function* () {
    yield '1'
    throw new Error('source')
  })
  await eventually('it has failed', () => producer.signal.aborted)
  producer.stop('ERR_SSE_SHUTDOWN', 'over')
  store(async () => {})
  proceed()
  expect(await over).toBe('failed')
  expect(ends).toEqual(['failed'])
})

test('a source that is returned after the end of the run is stopped', async () => {
  const early = open()
  const [one, other] = [upstream(), upstream()]
  early.producer.stop('ERR_SSE_RUN_STOPPED', 'over')
  await early.produce(one.response)
  expect(one.cancel).toHaveBeenCalledTimes(1)

  const late = open()
  let respond = (_: Response) => {}
  const over = late.produce(
    () =>
      new Promise((resolve) => {
        respond = resolve
      }),
  )
  late.producer.stop('ERR_SSE_RUN_STOPPED', 'over')
  respond(other.response)
  await over
  await eventually('it is cancelled', () => other.cancel.mock.calls.length === 1)
})

test('what a source yields after the run was stopped is not stored', async () => {
  const { produce, producer, appended } = open()
  const over = produce(async function* () {
    yield '1'
    producer.stop('ERR_SSE_RUN_STOPPED', 'over')
    yield '2'
    yield '3'
  })
  expect(await over).toBe('stopped')
  await nextTurn()
  expect(appended.flat()).toEqual(['data: 1\n\n'])
})

test('an event of a relay that is larger than maxBytes fails the run before all of it has arrived', async () => {
  const { produce, onError } = open({ maxBytes: 1_000 })
  const { response, cancel } = upstream(`data: ${'x'.repeat(2_000)}`)
  expect(await produce(response)).toBe('failed')
  expect(cancel).toHaveBeenCalledTimes(1)
  expect(onError).toHaveBeenCalledWith(expect.objectContaining({ code: 'ERR_SSE_EVENT_TOO_LARGE' }), 'x')
})

test('an onError that throws is a process warning, and the run ends', async () => {
  const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const thrown = new Error('from onError')
  const { produce, ends } = open({
    onError: jest.fn(() => {
      throw thrown
    }),
  })
  expect(await produce(() => Promise.reject(new Error('source')))).toBe('failed')
  expect(ends).toEqual(['failed'])
  expect(warned.mock.calls).toEqual([[thrown]])
  warned.mockRestore()
})
