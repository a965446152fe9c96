import { EventEmitter, once } from 'node:events'
import { request } from 'node:http'
import { type ClientHttp2Stream, constants } from 'node:http2'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { eventually } from '@downstream/testing'
import { watchPipelined } from '../../src/stream/disconnect.ts'
import type { EventStream } from '../../src/stream/event-stream.ts'
import { resolveOptions } from '../../src/stream/event-stream-options.ts'
import type { Request, Response } from '../../src/stream/exchange.ts'
import { openEventStream, Preparation } from '../../src/stream/open-event-stream.ts'
import { connect, serve } from './serve.ts'
import { serveHttp2 } from './serve-http2.ts'

/** A listener of a server that watches each response, and what it has reported. */
function watching(before: (req: Request, res: Response) => unknown = () => {}) {
  const watched: { url: string | undefined; onResponseClose: jest.Mock; req: Request; res: Response }[] = []
  const listener = async (req: Request, res: Response) => {
    await before(req, res)
    const onResponseClose = jest.fn()
    new Preparation(req, res, resolveOptions(undefined)).port.whenFinished(onResponseClose)
    watched.push({ url: req.url, onResponseClose, req, res })
  }
  const calls = () => watched.map(({ onResponseClose }) => onResponseClose.mock.calls.length)
  return { listener, watched, calls }
}

const consume = async (req: Request) => {
  for await (const _chunk of req);
}
const nothing = () => {}
/** Not events.once(), which rejects on the error of a reset. */
const closeOf = (req: Request | undefined) => new Promise((resolve) => req?.socket.on('close', resolve))

describe.each(['close', 'reset', 'halfClose'] as const)('a client that disconnects by %s', (leave) => {
  const requests: [what: string, head: string, before: (req: Request) => unknown][] = [
    ['a GET', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', nothing],
    ['an HTTP/1.0 GET', 'GET / HTTP/1.0\r\n\r\n', nothing],
    ['a POST whose body was parsed', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}', consume],
    ['a POST whose body nobody reads', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}', nothing],
    [
      'a POST whose body is not complete',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{}',
      nothing,
    ],
  ]

  test.each(requests)('is reported once, and not before: %s', async (_, head, before) => {
    const { listener, watched, calls } = watching(before)
    const client = await connect((await serve(listener)).origin)
    client.write(head)
    await eventually('the request', () => watched.length === 1)
    for (let turn = 0; turn < 20; turn++) await nextTurn()
    expect(calls()).toEqual([0])
    const closed = closeOf(watched[0]?.req)
    client[leave]()
    await closed
    await nextTurn()
    expect(calls()).toEqual([1])
  })
})

test('the end of a response is reported once it has been sent', async () => {
  const { listener, watched, calls } = watching()
  const client = await connect((await serve(listener)).origin)
  client.get('/')
  await eventually('the request', () => watched.length === 1)
  watched[0]?.res.end()
  expect(calls()).toEqual([0])
  await eventually('the end', () => calls()[0] === 1)
  client.close()
})

test.each(['close', 'reset'] as const)(
  'a client that disconnected before it was watched is reported at once: %s',
  async (leave) => {
    let leaveNow = () => {}
    const { listener, calls } = watching(async (req) => {
      leaveNow()
      await closeOf(req)
      await nextTurn()
    })
    const client = await connect((await serve(listener)).origin)
    leaveNow = () => client[leave]()
    client.get('/')
    await eventually('the disconnect', () => calls()[0] === 1)
  },
)

test('a client that disconnected while the body was being parsed is reported at once', async () => {
  let leave = () => {}
  const { listener, calls } = watching(async (req) => {
    await consume(req)
    leave()
    await closeOf(req)
    await nextTurn()
  })
  const { origin } = await serve(listener)
  const sent = request(origin, { method: 'POST', agent: false }).on('error', () => {})
  leave = () => sent.destroy()
  sent.end('{}')
  await eventually('the disconnect', () => calls()[0] === 1)
})

// See docs/disconnect.md. More than the kernel and Node buffer, so that the end of the connection arrives after it.
describe('a client that disconnects after a large body', () => {
  async function leaveAfterBody(onStream: (req: Request, stream: EventStream) => void): Promise<EventStream> {
    let stream: EventStream | undefined
    const { origin } = await serve((req, res) => {
      // Only the test writes.
      stream = openEventStream(req, res, { keepAlive: false, tcpKeepAlive: false })
      onStream(req, stream)
    })
    const client = await connect(origin)
    client.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n`)
    client.write('x'.repeat(200_000))
    await client.receives(':\n\n')
    client.close()
    return stream as EventStream
  }

  test('that was read is noticed, even if nothing is written', async () => {
    const stream = await leaveAfterBody((req) => req.resume())
    await eventually('the disconnect', () => stream.closed)
    expect(stream.reason?.code).toBe('ERR_SSE_CLIENT_CLOSED')
  })

  test('that is not read is noticed when something is written', async () => {
    const stream = await leaveAfterBody(() => {})
    await eventually('the disconnect', async () => !(await stream.send('anybody?')))
  })
})

describe('pipelined requests', () => {
  const two = 'GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n'

  test.each([
    ['nothing is read of them', nothing],
    ['they were read to their end', consume],
  ])('all have lost their client when the connection dies: %s', async (_, before) => {
    const { listener, watched, calls } = watching(before)
    const client = await connect((await serve(listener)).origin)
    client.write(two)
    await eventually('both requests', () => watched.length === 2)
    expect(watched[1]?.res.socket).toBeNull()
    client.reset()
    await eventually('both disconnects', () => calls().every((count) => count > 0))
    for (let turn = 0; turn < 20; turn++) await nextTurn()
    expect(calls()).toEqual([1, 1])
  })

  test('the end of the first does not end the second', async () => {
    const { listener, watched, calls } = watching()
    const client = await connect((await serve(listener)).origin)
    client.write(two)
    await eventually('both requests', () => watched.length === 2)
    watched[0]?.res.end()
    await eventually('the first end', () => calls()[0] === 1)
    expect(calls()).toEqual([1, 0])
    watched[1]?.res.end()
    await eventually('the second end', () => calls()[1] === 1)
  })

  // Each of them had its own listener on the connection: from the eleventh on Node warned of a leak. Now there is one
  // listener for all, whose list is empty again when they have finished.
  test('share one listener on their connection, however many they are', async () => {
    const { listener, watched, calls } = watching()
    const { origin, server } = await serve(listener)
    const connected = once(server, 'connection')
    const client = await connect(origin)
    const [socket] = await connected
    const warned = jest.fn()
    process.on('warning', warned)
    client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(20))
    await eventually('all requests', () => watched.length === 20)
    expect(socket.listenerCount('close')).toBeLessThan(10)
    for (const { res } of watched) res.end()
    await eventually('all ends', () => calls().every((count) => count === 1))
    client.reset()
    await closeOf(watched[0]?.req)
    expect(calls().every((count) => count === 1)).toBe(true)
    process.off('warning', warned)
    expect(warned).not.toHaveBeenCalled()
  })

  test('are forgotten when they have finished, although their connection stays open', () => {
    const socket = new EventEmitter()
    const [finished, open] = [jest.fn(), jest.fn()]
    const [forget] = [finished, open].map((onClose) => watchPipelined({ socket } as Request, onClose))
    forget?.()
    socket.emit('close')
    expect([finished, open].map(({ mock }) => mock.calls.length)).toEqual([0, 1])
  })
})

describe('over HTTP/2', () => {
  const leaves: [how: string, leave: (stream: ClientHttp2Stream) => void][] = [
    ['resets its stream', (stream) => stream.close(constants.NGHTTP2_CANCEL)],
    ['destroys its session', (stream) => stream.session?.destroy()],
  ]

  test.each(leaves)('a client that %s is noticed once', async (_, leave) => {
    const { listener, watched, calls } = watching()
    const { session } = await serveHttp2(listener)
    const stream = session.request().on('error', nothing)
    await eventually('the request', () => watched.length === 1)
    expect(calls()).toEqual([0])
    leave(stream)
    await eventually('the disconnect', () => calls()[0] === 1)
    for (let turn = 0; turn < 20; turn++) await nextTurn()
    expect(calls()).toEqual([1])
  })

  test('a client that disconnected before it was watched is reported at once', async () => {
    const { listener, calls } = watching((_req, res) => once(res, 'close').then(() => nextTurn()))
    const { session } = await serveHttp2((req, res) => {
      void listener(req, res)
      stream.close(constants.NGHTTP2_CANCEL)
    })
    const stream = session.request().on('error', nothing)
    await eventually('the disconnect', () => calls()[0] === 1)
  })
})
