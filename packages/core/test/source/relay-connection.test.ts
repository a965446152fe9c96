import { once } from 'node:events'
import type { EventStream } from '../../src/stream/event-stream.ts'
import { openEventStream } from '../../src/stream/open-event-stream.ts'
import { connect, openOne, serve } from '../stream/serve.ts'

const TYPE = { 'content-type': 'text/event-stream' }

/** A response whose body the test writes, and the order of what happens to it. */
function upstream(headers: Record<string, string> = {}) {
  const cancel = jest.fn()
  let controller!: ReadableStreamDefaultController<Uint8Array>
  const body = new ReadableStream<Uint8Array>({
    start(its) {
      controller = its
    },
    cancel,
  })
  return {
    response: new Response(body, { headers: { ...TYPE, ...headers } }),
    cancel,
    write: (text: string) => controller.enqueue(Buffer.from(text)),
  }
}

/**
 * Relays with `start` and resolves with whether `stopped()` holds in the turn in which Node reports that the client has
 * disconnected.
 */
async function stoppedWithTheClient(
  start: (stream: EventStream) => Promise<void>,
  stopped: () => boolean,
  leave: 'close' | 'reset',
): Promise<boolean> {
  const { client, res, stream } = await openOne()
  const relayed = start(stream)
  // This listener is called after the stream's own. In the next turn, its ticks and microtasks have run.
  const atClose = once(res, 'close').then(() => new Promise<void>((resolve) => setImmediate(resolve)))
  client[leave]()
  await atClose
  const result = stopped()
  await relayed
  return result
}

describe.each(['close', 'reset'] as const)('a client that disconnects by %s', (leave) => {
  test('cancels the upstream in the turn in which Node reports it, before its first byte', async () => {
    const { response, cancel } = upstream()
    const start = (stream: EventStream) => stream.sendAll(response)
    expect(await stoppedWithTheClient(start, () => cancel.mock.calls.length === 1, leave)).toBe(true)
  })

  test('cancels the upstream in that turn, in the middle of an event', async () => {
    const { response, cancel, write } = upstream()
    write('data: a\n\ndata: b')
    const start = (stream: EventStream) => stream.sendAll(response)
    expect(await stoppedWithTheClient(start, () => cancel.mock.calls.length === 1, leave)).toBe(true)
  })

  test('aborts the signal of a request that has no response yet, in that turn', async () => {
    let aborted = false
    const start = (stream: EventStream) =>
      stream.sendAll(
        ({ signal }) =>
          new Promise<Response>((_, reject) => {
            signal.addEventListener('abort', () => {
              aborted = true
              reject(signal.reason)
            })
          }),
      )
    expect(await stoppedWithTheClient(start, () => aborted, leave)).toBe(true)
  })
})

test('a keep-alive is sent between events, never inside one that has arrived in part', async () => {
  const { client, stream } = await openOne({ keepAlive: 1_000 })
  const { response, write } = upstream()
  void stream.sendAll(response)
  write('event: e\ndata: a\nda')
  // The comment that opens the stream, then the keep-alive.
  await client.receives(':\n\n\r\n3\r\n:\n\n')
  write('ta: b\n\n')
  await client.receives('event: e\ndata: a\ndata: b\n\n')
})

test('maxEventBytes of the stream bounds an event of a relay', async () => {
  const { stream } = await openOne({ maxEventBytes: 10 })
  const { response, write, cancel } = upstream()
  const relayed = stream.sendAll(response)
  write('data: 1234\n\ndata: 12345')
  await expect(relayed).rejects.toMatchObject({ code: 'ERR_SSE_EVENT_TOO_LARGE' })
  expect(cancel).toHaveBeenCalledTimes(1)
})

test('a header of the upstream reaches the client only if the app sets it in the option headers', async () => {
  const { response, write } = upstream({ 'x-secret': 'no', 'x-model': 'small', 'set-cookie': 'a=b' })
  const { origin } = await serve((req, res) => {
    const headers = { 'X-Model': String(response.headers.get('x-model')) }
    void openEventStream(req, res, { headers }).sendAll(response)
  })
  const client = await connect(origin)
  client.get('/')
  write('data: a\n\n')
  await client.receives('data: a\n\n')
  const head = client.text.slice(0, client.text.indexOf('\r\n\r\n')).toLowerCase()
  expect(head).toContain('x-model: small')
  expect(head).not.toContain('x-secret')
  expect(head).not.toContain('set-cookie')
})
