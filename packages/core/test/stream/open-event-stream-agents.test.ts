// Agents and middleware wrap what a response is written with: on the response, on its class or on its socket, before the
// stream is opened or while it is open. Each must see every byte from then on.
import { once } from 'node:events'
import { createServer, OutgoingMessage, type Server, ServerResponse } from 'node:http'
import { type AddressInfo, Socket } from 'node:net'
import { Duplex, Writable } from 'node:stream'
import { RawClient } from '@downstream/testing'
import type { EventStream } from '../../src/stream/event-stream.ts'
import { openEventStream } from '../../src/stream/open-event-stream.ts'
import { portOf } from '../../src/stream/stream-port.ts'

interface Opened {
  res: ServerResponse
  stream: EventStream
}

let server: Server
let client: RawClient
let opened: Opened
let openIt = openEventStream

/** Serves one stream; `prepare` is what other code does to the response before. */
async function open(prepare: (res: ServerResponse) => void = () => {}): Promise<Opened> {
  server = createServer((req, res) => {
    prepare(res)
    opened = { res, stream: openIt(req, res) }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  client = await RawClient.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  client.get('/')
  await client.receives(':\n\n')
  return opened
}

/** Sends in each of the ways, and ends the stream. */
async function sendAndClose({ stream }: Opened): Promise<void> {
  stream.send('sent')
  portOf(stream)?.write('data: broadcast\n\n', true)
  await stream.send('ü')
  stream.send('last')
  stream.close()
  await client.receives('0\r\n\r\n')
}
const OPENING = 'retry: 3000\n:\n\n'
const BODY = 'data: sent\n\ndata: broadcast\n\ndata: ü\n\ndata: last\n\n'

let calls: string[]
let bytes: string
const undo: (() => void)[] = []
beforeEach(() => {
  calls = []
  bytes = ''
  openIt = openEventStream
})
afterEach(() => {
  for (const one of undo.splice(0).reverse()) one()
  client?.close()
  server?.closeAllConnections()
  server?.close()
})

/** As shimmer does it, which dd-trace and OpenTelemetry use. */
function wrap(owner: object, name: string, of: (self: unknown) => boolean = () => true): void {
  const original = Reflect.get(owner, name)
  const descriptor = Object.getOwnPropertyDescriptor(owner, name)
  const wrapped = function (this: unknown, ...args: unknown[]) {
    if (of(this)) {
      calls.push(name)
      const [chunk] = args
      if (typeof chunk === 'string' || Buffer.isBuffer(chunk)) bytes += String(chunk)
    }
    return Reflect.apply(original, this, args)
  }
  Object.setPrototypeOf(wrapped, original)
  Object.defineProperty(owner, name, { configurable: true, writable: true, value: wrapped })
  undo.push(() => {
    if (descriptor === undefined) Reflect.deleteProperty(owner, name)
    else Object.defineProperty(owner, name, descriptor)
  })
}

const NAMES = ['writeHead', 'flushHeaders', 'write', 'end']
/** The test's own client runs in this process, and is no response. */
const isResponse = (self: unknown) => self instanceof ServerResponse
const classes: [where: string, owner: () => object, names: string[]][] = [
  ['the class of responses', () => ServerResponse.prototype, NAMES],
  ['the class of messages', () => OutgoingMessage.prototype, NAMES.slice(1)],
]
const owners: [where: string, owner: (res: ServerResponse) => object, names: string[]][] = [
  ['the response', (res) => res, NAMES],
  ...classes,
]

describe.each(owners)('on %s', (_where, ownerOf, names) => {
  test('all methods at once, before the stream is opened', async () => {
    const before = await open((res) => {
      for (const name of names) wrap(ownerOf(res), name, isResponse)
    })
    await sendAndClose(before)
    expect(bytes).toBe(OPENING + BODY)
    expect(new Set(calls)).toEqual(new Set(names))
    expect(calls.filter((name) => name === 'end')).toHaveLength(1)
  })

  test('all methods at once, while the stream is open', async () => {
    const during = await open()
    portOf(during.stream)?.write('data: before\n\n', true)
    for (const name of ['write', 'end']) wrap(ownerOf(during.res), name, isResponse)
    await sendAndClose(during)
    expect(bytes).toBe(BODY)
    expect(calls.at(-1)).toBe('end')
  })

  test.each(names)('%s alone, before the stream is opened', async (name) => {
    const before = await open((res) => wrap(ownerOf(res), name, isResponse))
    await sendAndClose(before)
    expect(calls).toContain(name)
    expect(bytes).toBe(name === 'write' ? OPENING + BODY : '')
    // Whatever was wrapped: the client receives each byte once.
    expect(client.text.split('data: broadcast')).toHaveLength(2)
  })

  test.each(['write', 'end'])('%s alone, while the stream is open', async (name) => {
    const during = await open()
    portOf(during.stream)?.write('data: before\n\n', true)
    wrap(ownerOf(during.res), name, isResponse)
    await sendAndClose(during)
    expect(bytes).toBe(name === 'write' ? BODY : '')
    if (name === 'end') expect(calls).toEqual(['end'])
    expect(client.text.split('data: broadcast')).toHaveLength(2)
  })
})

describe('on the socket', () => {
  const sockets: [where: string, owner: (res: ServerResponse) => object][] = [
    ['itself', (res) => res.socket as object],
    ['its class', () => Socket.prototype],
    ['the class of streams', () => (Object.hasOwn(Duplex.prototype, 'write') ? Duplex : Writable).prototype],
  ]

  test.each(sockets)('%s, before the stream is opened', async (_where, ownerOf) => {
    const before = await open((res) => {
      const { socket } = res
      wrap(ownerOf(res), 'write', (self) => self === socket)
    })
    await sendAndClose(before)
    expect(bytes).toBe(client.text)
  })

  test.each(sockets)('%s, while the stream is open', async (_where, ownerOf) => {
    const during = await open()
    const { socket } = during.res
    portOf(during.stream)?.write('data: before\n\n', true)
    await client.receives('data: before\n\n\r\n')
    const before = client.text
    wrap(ownerOf(during.res), 'write', (self) => self === socket)
    await sendAndClose(during)
    expect(before + bytes).toBe(client.text)
  })
})

test.each(classes)('on %s before this library was loaded', async (_where, owner, names) => {
  for (const name of names) wrap(owner(), name, isResponse)
  await jest.isolateModulesAsync(async () => {
    const loaded = await import('../../src/stream/open-event-stream.ts')
    openIt = loaded.openEventStream
  })
  await sendAndClose(await open())
  expect(bytes).toBe(OPENING + BODY)
  expect(new Set(calls)).toEqual(new Set(names))
})
