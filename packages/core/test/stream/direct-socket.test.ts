import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { connect } from 'node:tls'
import { eventually, RawClient } from '@downstream/testing'
import { chunkFrame, directSocket } from '../../src/stream/direct-socket.ts'
import type { EventStream } from '../../src/stream/event-stream.ts'
import { openEventStream } from '../../src/stream/open-event-stream.ts'
import { portOf } from '../../src/stream/stream-port.ts'
import { encodeEvent } from '../../src/wire/encode.ts'
import { FakeTarget } from './fake-target.ts'

interface Opened {
  res: ServerResponse
  stream: EventStream
}

let server: Server
let client: RawClient
let opened: Opened[]

/** Serves streams; `prepare` changes the response before, as other middleware does. */
async function serve(prepare: (res: ServerResponse) => void = () => {}): Promise<void> {
  opened = []
  server = createServer((req: IncomingMessage, res: ServerResponse) => {
    prepare(res)
    opened.push({ res, stream: openEventStream(req, res) })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  client = await RawClient.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
}

async function open(version: '1.0' | '1.1' = '1.1'): Promise<Opened> {
  client.get('/', {}, version)
  await client.receives(':\n\n')
  return opened[0] as Opened
}

afterEach(() => {
  client?.close()
  server?.closeAllConnections()
  server?.close()
})

test.each([
  ['one character', 'a', '1\r\na\r\n', 1, 'latin1'],
  ['255', 'x'.repeat(255), `ff\r\n${'x'.repeat(255)}\r\n`, 255, 'latin1'],
  ['a character beyond ASCII, though it is in Latin-1', 'é', '2\r\né\r\n', 2, 'utf8'],
  ['characters of several bytes', 'é…😀', '9\r\né…😀\r\n', 9, 'utf8'],
])('a chunk of %s is framed by its bytes in hexadecimal', (_what, text, chunk, bytes, encoding) => {
  expect(chunkFrame(text)).toMatchObject({ text, chunk, bytes, encoding })
  // Once for all streams with the same framing.
  expect(chunkFrame(text)).toBe(chunkFrame(text))
})

test('bytes are framed by their length, even after the same content as text', () => {
  expect(chunkFrame('\xff\xe4').bytes).toBe(4)
  expect(chunkFrame('\xff\xe4', true)).toMatchObject({
    chunk: '2\r\n\xff\xe4\r\n',
    bytes: 2,
    encoding: 'latin1',
  })
})

// The last frame was retained until the next broadcast: 100 MB after one event of 50 MB.
test('a frame is discarded after the turn in which it was made', async () => {
  const frame = chunkFrame('large')
  await nextTurn()
  expect(chunkFrame('large')).not.toBe(frame)
})

test('a broadcast bypasses an ordinary response: one write to its socket for each event', async () => {
  await serve()
  const { res, stream } = await open()
  expect(directSocket(res)).toBe(res.socket)
  const toSocket = jest.spyOn(res.socket as NonNullable<typeof res.socket>, 'write')
  portOf(stream)?.write('data: one\n\n', true)
  await client.receives('data: one')
  expect(toSocket.mock.calls.map(([text]) => text)).toEqual(['b\r\ndata: one\n\n\r\n'])
})

test('a corked response is not bypassed until it is uncorked', async () => {
  await serve((res) => res.cork())
  client.get('/')
  await eventually('the stream', () => opened.length === 1)
  const { res, stream } = opened[0] as Opened
  await stream.send('one')
  expect(directSocket(res)).toBeUndefined()
  res.uncork()
  await client.receives(':\n\n')
  await client.receives('data: one\n\n')
  expect(directSocket(res)).toBe(res.socket)
})

test('a response whose write is patched sees every event', async () => {
  const seen: unknown[] = []
  await serve((res) => {
    const write = res.write.bind(res)
    res.write = ((text: string) => {
      seen.push(text)
      return write(text)
    }) as typeof res.write
  })
  const { res, stream } = await open()
  expect(directSocket(res)).toBeUndefined()
  stream.send('one')
  await client.receives('data: one\n\n')
  expect(seen).toEqual(['retry: 3000\n:\n\n', 'data: one\n\n'])
})

test('a response to an HTTP/1.0 client, which does not know chunks, is not bypassed', async () => {
  await serve()
  const { res, stream } = await open('1.0')
  expect(directSocket(res)).toBeUndefined()
  stream.send('one')
  await client.receives(':\n\ndata: one\n\n')
})

test('a response that waits for another one on its connection is not bypassed', async () => {
  await serve()
  await open()
  client.get('/')
  await eventually('the second', () => opened.length === 2)
  const [first, second] = opened as [Opened, Opened]
  expect(directSocket(second.res)).toBeUndefined()
  second.stream.send('second')
  first.stream.close()
  await client.receives('data: second\n\n')
  await eventually('its turn', () => directSocket(second.res) !== undefined)
})

test('a response that still has buffered bytes is not bypassed', async () => {
  await serve()
  const { res } = await open()
  Object.defineProperty(res, 'writableLength', { value: (res.socket?.writableLength ?? 0) + 1 })
  expect(directSocket(res)).toBeUndefined()
})

test('a response that has ended, whose client has disconnected, or that is another object is not bypassed', async () => {
  await serve()
  const { res, stream } = await open()
  stream.close()
  expect(directSocket(res)).toBeUndefined()
  expect(directSocket(new FakeTarget())).toBeUndefined()
  client.reset()
  await eventually('the end', () => res.destroyed)
  expect(directSocket(res)).toBeUndefined()
})

test.each([
  ['in the same tick', async () => {}],
  ['while its end waits for a client that does not read', nextTurn],
])('a response is no longer bypassed once other code has ended it: %s', async (_when, pause) => {
  await serve()
  const { res, stream } = await open()
  portOf(stream)?.write('data: one\n\n', true)
  await client.receives('data: one')
  client.pause()
  const chunk = `${(100_000).toString(16)}\r\n${'x'.repeat(100_000)}\r\n`
  res.socket?.write(chunk.repeat(50))
  res.end()
  await pause()
  portOf(stream)?.write('data: behind the end\n\n', true)
  await nextTurn()
  expect(stream.signal.reason).toMatchObject({ code: 'ERR_SSE_WRITE_FAILED' })
  client.resume()
  await client.receives('0\r\n\r\n')
  expect(client.text.endsWith('x\r\n0\r\n\r\n')).toBe(true)
})

test('a response that is bypassed and one that is not send the same bytes', async () => {
  const texts: string[] = []
  for (const patch of [false, true]) {
    await serve((res) => {
      res.setHeader('Date', 'today')
      if (patch) res.write = res.write.bind(res) as typeof res.write
    })
    const { stream } = await open()
    for (const data of ['one', 'é…😀', 'two\nlines', 'x'.repeat(20_000)]) {
      portOf(stream)?.write(encodeEvent({ event: 'e', data }), true)
      await new Promise((resolve) => setImmediate(resolve))
    }
    stream.close()
    await client.receives('0\r\n\r\n')
    texts.push(client.text)
    client.close()
    server.close()
  }
  expect(texts[0]).toBe(texts[1])
})

test('waits for a client that stops reading, with one listener however much is sent meanwhile', async () => {
  await serve()
  const { res, stream } = await open()
  client.pause()
  const { socket } = res
  await eventually('no room', () => {
    portOf(stream)?.write(`data: ${'x'.repeat(16_000)}\n\n`, true)
    return res.socket?.writableNeedDrain
  })
  const waiting = stream.send('last')
  for (let n = 0; n < 20; n++) {
    portOf(stream)?.write(`data: ${n}\n\n`, true)
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(stream.closed).toBe(false)
  expect(socket?.listenerCount('drain')).toBeLessThan(4)
  client.resume()
  expect(await waiting).toBe(true)
  await client.receives('data: 19\n\n')
})

test('a response over TLS is bypassed as well', async () => {
  // A key known to both sides, instead of a certificate.
  const psk = Buffer.alloc(32, 7)
  const options = { ciphers: 'PSK', maxVersion: 'TLSv1.2' as const }
  let stream: EventStream | undefined
  let wasDirect = false
  const secure = createSecureServer({ ...options, pskCallback: () => psk }, (req, res) => {
    stream = openEventStream(req, res)
    setImmediate(() => {
      wasDirect = directSocket(res) !== undefined
      stream?.send('over TLS')
    })
  }).listen(0, '127.0.0.1')
  await once(secure, 'listening')
  const socket = connect({
    ...options,
    port: (secure.address() as AddressInfo).port,
    host: '127.0.0.1',
    pskCallback: () => ({ psk, identity: 'test' }),
    checkServerIdentity: () => undefined,
  })
  try {
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await eventually('the event', () =>
      text.includes('\r\n\r\nf\r\nretry: 3000\n:\n\n\r\n10\r\ndata: over TLS\n\n\r\n'),
    )
    expect(wasDirect).toBe(true)
  } finally {
    socket.destroy()
    secure.close()
  }
})
