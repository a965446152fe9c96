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
import { FakeTarget } from './fake-target.ts'

interface Opened {
  res: ServerResponse
  stream: EventStream
}

let server: Server
let client: RawClient
let opened: Opened[]

/** Serves streams; `prepare` is what other middleware did to the response before. */
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
  ['one character', 'a', '1\r\na\r\n', 'latin1'],
  ['255', 'x'.repeat(255), `ff\r\n${'x'.repeat(255)}\r\n`, 'latin1'],
  ['a character beyond ASCII, though it is in Latin-1', 'é', '2\r\né\r\n', 'utf8'],
  ['characters of several bytes', 'é…😀', '9\r\né…😀\r\n', 'utf8'],
])('a chunk of %s is framed by its bytes in hexadecimal', (_what, text, chunk, encoding) => {
  expect(chunkFrame(text)).toEqual({ text, chunk, encoding })
  // Once for all streams that are written the same.
  expect(chunkFrame(text)).toBe(chunkFrame(text))
})

test('an ordinary response is written past: one write to its socket for each event', async () => {
  await serve()
  const { res, stream } = await open()
  expect(directSocket(res)).toBe(res.socket)
  const toResponse = jest.spyOn(Object.getPrototypeOf(Object.getPrototypeOf(res)), 'write')
  const toSocket = jest.spyOn(res.socket as NonNullable<typeof res.socket>, 'write')
  await stream.send('one')
  await client.receives('data: one')
  expect(toSocket.mock.calls.map(([text]) => text)).toEqual(['b\r\ndata: one\n\n\r\n'])
  expect(toResponse).not.toHaveBeenCalled()
  toResponse.mockRestore()
})

test('a response that is corked is not, until it is uncorked', async () => {
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

test('nor is one to an HTTP/1.0 client, which knows no chunks', async () => {
  await serve()
  const { res, stream } = await open('1.0')
  expect(directSocket(res)).toBeUndefined()
  stream.send('one')
  await client.receives(':\n\ndata: one\n\n')
})

test('nor one that waits behind another on its connection', async () => {
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

test('nor one that holds bytes back itself, which come first', async () => {
  await serve()
  const { res } = await open()
  Object.defineProperty(res, 'writableLength', { value: (res.socket?.writableLength ?? 0) + 1 })
  expect(directSocket(res)).toBeUndefined()
})

test('nor one that has ended, or whose client has gone, or that is something else', async () => {
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
])('one that was written past is not any more once other code has ended it: %s', async (_when, pause) => {
  await serve()
  const { res, stream } = await open()
  await stream.send('one')
  await client.receives('data: one')
  client.pause()
  const chunk = `${(100_000).toString(16)}\r\n${'x'.repeat(100_000)}\r\n`
  res.socket?.write(chunk.repeat(50))
  res.end()
  await pause()
  stream.send('behind the end')
  await nextTurn()
  expect(stream.signal.reason).toMatchObject({ code: 'ERR_SSE_WRITE_FAILED' })
  client.resume()
  await client.receives('0\r\n\r\n')
  expect(client.text.endsWith('x\r\n0\r\n\r\n')).toBe(true)
})

test('both ways put the same bytes on the wire', async () => {
  const texts: string[] = []
  for (const patch of [false, true]) {
    await serve((res) => {
      res.setHeader('Date', 'today')
      if (patch) res.write = res.write.bind(res) as typeof res.write
    })
    const { stream } = await open()
    for (const data of ['one', 'é…😀', 'two\nlines', 'x'.repeat(20_000)]) {
      await stream.send({ event: 'e', data })
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

test('a client that stops reading is waited for, with one listener however much is sent meanwhile', async () => {
  await serve()
  const { res, stream } = await open()
  client.pause()
  const { socket } = res
  await eventually('no room', () => {
    void stream.send('x'.repeat(16_000))
    return res.socket?.writableNeedDrain
  })
  const waiting = stream.send('last')
  for (let n = 0; n < 20; n++) {
    void stream.send(String(n))
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(stream.closed).toBe(false)
  expect(socket?.listenerCount('drain')).toBeLessThan(4)
  client.resume()
  expect(await waiting).toBe(true)
  await client.receives('data: 19\n\n')
})

test('a connection under TLS is written past as well', async () => {
  // A key that both know, in place of a certificate.
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
