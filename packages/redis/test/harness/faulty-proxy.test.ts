import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { eventually } from '@downstream/testing'
import { freePorts } from '../../../../scripts/free-ports.mjs'
import { FaultyProxy } from './faulty-proxy.ts'

const open: { close(): unknown }[] = []

afterEach(() => {
  for (const one of open.splice(0)) one.close()
})

/** A server, behind a proxy, that answers every line with its name and the line. */
async function serve(name: string) {
  const port = await freePorts()
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {}).on('data', (text) => socket.write(`${name}:${text}`))
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  open.push(server)
  return { port, sockets }
}

async function openProxy(port: number) {
  const proxy = await FaultyProxy.open(port)
  open.push(proxy)
  return proxy
}

async function client({ port }: FaultyProxy) {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8')
  let text = ''
  let error = ''
  socket.on('data', (chunk) => {
    text += chunk
  })
  socket.on('error', ({ code }: NodeJS.ErrnoException) => {
    error = code ?? ''
  })
  await new Promise((resolve) => socket.once('connect', resolve).once('error', resolve))
  return {
    socket,
    says: (line: string) => socket.write(line),
    receives: (what: string) =>
      eventually(
        `hearing ${what}`,
        () => text.includes(what),
        () => text,
      ),
    fails: (code: string) =>
      eventually(
        `failing with ${code}`,
        () => error === code,
        () => error,
      ),
    get text() {
      return text
    },
  }
}

test('passes everything on, even the end', async () => {
  const server = await serve('redis')
  const proxy = await openProxy(server.port)
  const one = await client(proxy)
  one.says('a')
  await one.receives('redis:a')
  expect(proxy).toMatchObject({ accepted: 1, open: 1 })
  one.socket.end()
  await eventually('the link is closed', () => proxy.open === 0 && one.socket.destroyed)
})

test('cut resets open connections, on both sides, and accepts new ones', async () => {
  const server = await serve('redis')
  const proxy = await openProxy(server.port)
  const one = await client(proxy)
  one.says('a')
  await one.receives('redis:a')
  proxy.cut()
  await one.fails('ECONNRESET')
  await eventually('the server noticing', () => server.sockets[0]?.destroyed === true)
  const two = await client(proxy)
  two.says('b')
  await two.receives('redis:b')
})

test('refuse leaves open connections alone, and accept accepts new ones on the same port', async () => {
  const server = await serve('redis')
  const proxy = await openProxy(server.port)
  const one = await client(proxy)
  proxy.refuse()
  await (await client(proxy)).fails('ECONNREFUSED')
  one.says('a')
  await one.receives('redis:a')
  await proxy.accept()
  const two = await client(proxy)
  two.says('b')
  await two.receives('redis:b')
})

test('a black hole drops everything silently, and connections that were in it stay dead', async () => {
  const server = await serve('redis')
  const proxy = await openProxy(server.port)
  const old = await client(proxy)
  proxy.blackHole()
  old.says('a')
  const during = await client(proxy)
  during.says('b')
  await eventually('three sockets', () => server.sockets.length === 2)
  server.sockets[0]?.destroy()
  proxy.heal()
  const fresh = await client(proxy)
  fresh.says('c')
  await fresh.receives('redis:c')
  old.says('d')
  during.says('e')
  fresh.says('f')
  await fresh.receives('redis:f')
  expect([old.text, during.text]).toEqual(['', ''])
  expect([old.socket.readyState, during.socket.readyState]).toEqual(['open', 'open'])
})

test('a black hole for old connections lets new ones through', async () => {
  const server = await serve('redis')
  const proxy = await openProxy(server.port)
  const old = await client(proxy)
  proxy.blackHole('old')
  old.says('a')
  const fresh = await client(proxy)
  fresh.says('b')
  await fresh.receives('redis:b')
  expect(old.text).toBe('')
})

test('a delay keeps the order, even when it ends', async () => {
  const server = await serve('')
  const proxy = await openProxy(server.port)
  const one = await client(proxy)
  one.socket.setNoDelay()
  const since = performance.now()
  proxy.delay(100)
  one.says('a')
  await eventually('a is on its way', () => one.socket.bytesWritten === 1)
  await new Promise((resolve) => setTimeout(resolve, 20))
  proxy.delay(0)
  one.says('b')
  await one.receives('b')
  expect(one.text.replaceAll(':', '')).toBe('ab')
  expect(performance.now() - since).toBeGreaterThan(95)
})

test('retarget sends new connections elsewhere', async () => {
  const [first, second] = [await serve('first'), await serve('second')]
  const proxy = await openProxy(first.port)
  const one = await client(proxy)
  proxy.retarget(second.port)
  const two = await client(proxy)
  one.says('a')
  two.says('b')
  await one.receives('first:a')
  await two.receives('second:b')
})
