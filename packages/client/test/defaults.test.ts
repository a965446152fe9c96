// The defaults that docs/client.md names, in simulated time.
import { connect } from '../src/index.ts'

let requests: { at: number; headers: Record<string, string>; cache: string | undefined }[]
let answer: () => Promise<Response>
let source: { close(): void } | undefined

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['queueMicrotask', 'nextTick', 'setImmediate'] })
  requests = []
  jest.spyOn(globalThis, 'fetch').mockImplementation((_url, init = {}) => {
    const { headers, cache } = init as { headers: Record<string, string>; cache?: string }
    requests.push({ at: Date.now(), headers, cache })
    return answer()
  })
})

afterEach(() => {
  source?.close()
  jest.restoreAllMocks()
  jest.useRealTimers()
})

/** Lets time pass, and streams deliver what they have. */
async function pass(ms: number): Promise<void> {
  await jest.advanceTimersByTimeAsync(ms)
  for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setImmediate(resolve))
}

/** Answers with a stream that stays open; returns the function that writes to it. */
function answerWithStream(): (text: string) => void {
  let write = (_text: string) => {}
  const body = new ReadableStream({
    start(controller) {
      write = (text) => controller.enqueue(new TextEncoder().encode(text))
    },
  })
  answer = async () => new Response(body, { headers: { 'Content-Type': 'text/event-stream' } })
  return write
}

function streamOf(text: string): Response {
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode(text)),
  })
  return new Response(body, { headers: { 'Content-Type': 'text/event-stream' } })
}

const never = () => new Promise<Response>(() => {})

test('no byte for 45 s opens a new connection', async () => {
  answer = async () => streamOf(':\n\n')
  source = connect('http://localhost/')
  await pass(44_990)
  expect(requests).toHaveLength(1)
  await pass(2_020)
  expect(requests).toHaveLength(2)
})

test('a request that is sent once may take 45 s to its first byte', async () => {
  answer = never
  const states: string[] = []
  const post = connect('http://localhost/', { body: 'x' })
  source = post
  post.onState((state) => states.push(state))
  await pass(44_990)
  expect(states).toEqual(['connecting'])
  await pass(20)
  expect(states).toEqual(['connecting', 'closed'])
  expect(requests).toHaveLength(1)
})

test('ten minutes with nothing but a comment every 15 s, as a server sends them, are no false alarm', async () => {
  const write = answerWithStream()
  source = connect('http://localhost/')
  for (let n = 0; n < 40; n++) {
    write(':\n\n')
    await pass(15_000)
  }
  expect(requests).toHaveLength(1)
})

test('an attempt without a byte for 15 s is followed by a long poll, and that by another stream', async () => {
  answer = never
  source = connect('http://localhost/')
  await pass(14_990)
  expect(requests).toHaveLength(1)
  await pass(20)
  expect(requests.map(({ headers }) => headers.Prefer)).toEqual([undefined, 'wait=1'])
  // It may wait 1 s longer than a stream.
  await pass(15_970)
  expect(requests).toHaveLength(2)
  await pass(2_020)
  expect(requests.map(({ headers }) => headers.Prefer)).toEqual([undefined, 'wait=1', undefined])
})

test.each([
  [0, [1, 1, 1, 1, 1, 1]],
  [1, [2, 4, 8, 16, 30, 30]],
])('with a random number of %p it waits %p seconds between attempts', async (random, seconds) => {
  jest.spyOn(Math, 'random').mockReturnValue(random)
  answer = () => Promise.reject(new Error('offline'))
  source = connect('http://localhost/')
  await pass(100_000)
  const waits = requests.map(({ at }, n) => (at - (requests[n - 1]?.at ?? at)) / 1_000)
  expect(waits.slice(1, 7)).toEqual(seconds)
})

test.each([100, 5_000])('a retry of the server of %i ms replaces the default of 1 s', async (retry) => {
  jest.spyOn(Math, 'random').mockReturnValue(0)
  answer = async () =>
    new Response(`retry: ${retry}\n\n`, { headers: { 'Content-Type': 'text/event-stream' } })
  source = connect('http://localhost/')
  await pass(0)
  await pass(retry - 1)
  expect(requests).toHaveLength(1)
  await pass(1)
  expect(requests).toHaveLength(2)
})

test('a success makes the next wait short again', async () => {
  jest.spyOn(Math, 'random').mockReturnValue(1)
  answer = () => Promise.reject(new Error('offline'))
  source = connect('http://localhost/')
  await pass(10_000)
  const length = requests.length
  answer = async () => new Response(':\n\n', { headers: { 'Content-Type': 'text/event-stream' } })
  await pass(60_000)
  const [first, second] = requests.slice(length).map(({ at }) => at) as [number, number]
  expect(second - first).toBe(2_000)
})

test('a poll is answered within 20 s, and may take 15 s more', async () => {
  answer = never
  source = connect('http://localhost/', { poll: 'always' })
  await pass(34_990)
  expect(requests.map(({ headers }) => headers.Prefer)).toEqual(['wait=20'])
  await pass(2_020)
  expect(requests).toHaveLength(2)
})

test.each(['while it connects', 'while it is open', 'while it waits'])(
  'a source that is closed %s does nothing more',
  async (when) => {
    if (when === 'while it connects') answer = never
    if (when === 'while it is open') answer = async () => streamOf(':\n\n')
    if (when === 'while it waits') answer = () => Promise.reject(new Error('offline'))
    source = connect('http://localhost/')
    await pass(10)
    source.close()
    await pass(600_000)
    expect(requests).toHaveLength(1)
  },
)

test('bytes that still arrive after the source was closed have no effect', async () => {
  const write = answerWithStream()
  source = connect('http://localhost/')
  write(':\n\n')
  await pass(0)
  source.close()
  write('data: 1\n\n')
  await pass(600_000)
  expect(requests).toHaveLength(1)
})

test('no answer may come from a cache', async () => {
  answer = never
  source = connect('http://localhost/')
  await pass(0)
  expect(requests[0]?.cache).toBe('no-store')
})

test('without reportError(), as in Node, the error of a listener becomes an uncaught exception', async () => {
  const uncaught: unknown[] = []
  const later = globalThis.queueMicrotask
  jest.spyOn(globalThis, 'queueMicrotask').mockImplementation((run) =>
    later(() => {
      try {
        run()
      } catch (error) {
        uncaught.push(error)
      }
    }),
  )
  answer = async () => streamOf('data: 1\n\n')
  const source = connect('http://localhost/')
  const error = new Error('mine')
  source.on('message', () => {
    throw error
  })
  await pass(0)
  expect(uncaught).toEqual([error])
  source.close()
})
