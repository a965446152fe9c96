import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { eventually, RawClient } from '@downstream/testing'

let server: Server
let client: RawClient
let socket: Socket

beforeEach(async () => {
  const listener = (req: IncomingMessage, res: ServerResponse) => {
    res.writeHead(200, { 'x-path': req.url })
    res.write('data: first\n\n')
    if (req.url === '/flood') res.write('x'.repeat(50_000_000))
  }
  server = createServer(listener).listen(0, '127.0.0.1')
  server.on('connection', (connection) => {
    socket = connection
    socket.on('error', () => {})
  })
  await once(server, 'listening')
  client = await RawClient.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})

afterEach(() => {
  client.close()
  server.closeAllConnections()
  server.close()
})

test('sends a request, keeps the response and removes the chunk frames from the events', async () => {
  client.get('/a', { Accept: 'text/event-stream' })
  await client.receives('data: first\n\n')
  expect(client.text).toContain('x-path: /a')
  expect(client.events).toEqual([{ event: 'message', data: 'first', id: undefined }])
  expect(client.bytesReceived).toBe(Buffer.byteLength(client.text))
})

test('speaks HTTP/1.0, where the end of the connection is the end of the body', async () => {
  client.get('/', {}, '1.0')
  await client.receives('data: first\n\n')
  expect(client.events).toHaveLength(1)
  socket.end()
  await client.ends()
})

test('stalls while it is paused, then continues to read', async () => {
  client.get('/flood')
  await client.receives('data: first')
  client.pause()
  const before = client.bytesReceived
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(client.bytesReceived).toBe(before)
  client.resume()
  await eventually('all of it', () => client.bytesReceived > 50_000_000)
})

test('resets the connection', async () => {
  const [error] = await Promise.all([once(socket, 'error'), client.reset()])
  expect(error[0].code).toBe('ECONNRESET')
})

test('resets the connection while its end is just being sent', async () => {
  socket.on('error', () => {})
  const closed = once(client.socket, 'close')
  client.halfClose()
  client.reset()
  await closed
})

test('half-closes, and notices the end of the other side', async () => {
  const ended = once(socket, 'end')
  client.halfClose()
  await ended
  await client.ends()
})

// The message showed only what had arrived before the wait, so headers that arrived during it were missing.
test('says what it has received when the awaited text does not arrive', async () => {
  client.get('/a')
  const waiting = client.receives('data: second')
  await client.receives('data: first')
  socket.end()
  await expect(waiting).rejects.toThrow(/"data: second"; received \d+ bytes, the last: .*x-path: \/a/)
})

// The brackets of the URL were passed to the socket, which resolved them as a name: ENOTFOUND.
test('connects to an IPv6 address', async () => {
  const other = createServer((_, res) => res.end('over IPv6')).listen(0, '::1')
  await once(other, 'listening')
  const six = await RawClient.connect(`http://[::1]:${(other.address() as AddressInfo).port}`)
  six.get('/')
  await six.receives('over IPv6')
  six.close()
  other.close()
})
