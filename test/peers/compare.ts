// Runs each peer, probes it, and prints what it does: the table of docs/why.md. Used by why.test.ts.
import { once } from 'node:events'
import { get, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { io } from 'socket.io-client'
import { WebSocket } from 'ws'
import { betterSse, downstream, resWrite } from './express-peers.ts'
import { chunk, chunks, type Peer } from './peer.ts'
import { socketIo, webSockets } from './socket-peers.ts'

// In a variable, so that TypeScript does not resolve it.
const fastifyFile = './fastify-sse-peer.mjs'
const { fastifySse } = await import(fastifyFile)

/** Long enough on a busy machine for everything that arrives at all; only a "no" takes this long. */
const timeout = 4_000

type Answer = 'yes' | 'no' | '–'
type Start = () => Peer | Promise<Peer>

const sse = { 'better-sse': betterSse, '@fastify/sse': fastifySse, 'res.write': resWrite } as Record<
  string,
  Start
>
const sseProbes = { opens, compressed, headers, forgery, resumes, bounded, source, head, shutdown }
const socketIoProbes = { resumes: socketIoResumes, bounded: socketIoBounded, shutdown: socketIoShutdown }
const wsProbes = { resumes: wsResumes, bounded: wsBounded, shutdown: wsShutdown }

const table = Object.fromEntries(
  await Promise.all([
    ...Object.entries({ Downstream: downstream, ...sse }).map(([name, start]) => row(name, start, sseProbes)),
    row('socket.io', socketIo, socketIoProbes),
    row('ws', webSockets, wsProbes),
  ]),
)
console.log(JSON.stringify(table))
process.exit()

async function row(
  name: string,
  start: Start,
  probes: Record<string, (port: number, peer: Peer) => Promise<boolean>>,
): Promise<[string, Record<string, Answer>]> {
  const answers = Object.fromEntries(Object.keys(sseProbes).map((probe): [string, Answer] => [probe, '–']))
  await Promise.all(
    Object.entries(probes).map(async ([probe, ask]) => {
      const peer = await start()
      answers[probe] = (await ask(await listen(peer.server), peer)) ? 'yes' : 'no'
    }),
  )
  return [name, answers]
}

/** The headers and a first byte come before any event. */
async function opens(port: number): Promise<boolean> {
  const { text } = await read(port, '/news')
  return until(() => text().length > 0)
}

async function compressed(port: number, peer: Peer): Promise<boolean> {
  const { text, opened } = await read(port, '/news', { 'Accept-Encoding': 'gzip' })
  await opened
  await sleep(100)
  peer.publish('One')
  return until(() => text().includes('One'))
}

async function headers(port: number): Promise<boolean> {
  const { response } = await read(port, '/source')
  return (await response)?.headers['x-from-the-app'] === 'yes'
}

async function forgery(port: number): Promise<boolean> {
  const { text, opened } = await read(port, '/name')
  await opened
  return !(await until(() => /^data: forged$/m.test(text())))
}

async function resumes(port: number, peer: Peer): Promise<boolean> {
  const first = await read(port, '/news')
  await first.opened
  await sleep(100)
  peer.publish('One')
  await until(() => first.text().includes('One'))
  const id = [...first.text().matchAll(/^id: ?(.+)$/gm)].at(-1)?.[1]
  first.leave()
  peer.publish('Two')
  if (id === undefined) return false
  const second = await read(port, '/news', { 'Last-Event-ID': id })
  return until(() => second.text().includes('Two') && !second.text().includes('One'))
}

/** Stops before the whole response if the server waits for a client that reads nothing. */
async function bounded(port: number): Promise<boolean> {
  const client = get({ port, path: '/flood', headers: { Accept: 'text/event-stream' }, agent: false })
  const [response] = await once(client, 'response')
  response.on('error', () => {})
  client.on('error', () => {})
  response.pause()
  await sleep(timeout)
  let bytes = 0
  response.on('data', ({ length }: Buffer) => {
    bytes += length
  })
  response.resume()
  const complete = await until(
    () => bytes >= chunk.length * chunks,
    60_000,
    () => response.closed,
  )
  client.destroy()
  return !complete
}

async function source(port: number, peer: Peer): Promise<boolean> {
  const { text, leave } = await read(port, '/source')
  await until(() => text().includes('first'))
  leave()
  return until(peer.sourceStopped)
}

/** The server has finished a HEAD request; the client has as soon as it has the headers. */
async function head(port: number, peer: Peer): Promise<boolean> {
  let finished = false
  peer.server.on('request', (_request, response) => response.on('finish', () => (finished = true)))
  const client = request({
    port,
    path: '/news',
    method: 'HEAD',
    headers: { Accept: 'text/event-stream' },
    agent: false,
  })
  client.on('error', () => {}).end()
  const answered = await until(() => finished)
  client.destroy()
  return answered
}

async function shutdown(port: number, peer: Peer): Promise<boolean> {
  const { opened } = await read(port, '/source')
  await opened
  return ends(peer)
}

async function ends(peer: Peer): Promise<boolean> {
  let closed = false
  peer.server.on('close', () => {
    closed = true
  })
  peer.end()
  if (peer.server.listening) peer.server.close()
  return until(() => closed)
}

async function socketIoResumes(port: number, peer: Peer): Promise<boolean> {
  const socket = io(`http://localhost:${port}`, { transports: ['websocket'], reconnectionDelay: 200 })
  const titles: string[] = []
  socket.on('news', ({ title }) => titles.push(title))
  await new Promise<void>((resolve) => socket.once('connect', resolve))
  peer.publish('One')
  await until(() => titles.length === 1)
  socket.io.engine.close()
  await sleep(50)
  peer.publish('Two')
  const resumed = await until(() => titles.join() === 'One,Two')
  socket.close()
  return resumed
}

async function socketIoBounded(port: number, peer: Peer): Promise<boolean> {
  const socket = new WebSocket(`ws://localhost:${port}/socket.io/?EIO=4&transport=websocket&route=flood`)
  await once(socket, 'open')
  socket.send('40')
  return cutOff(socket, peer)
}

async function socketIoShutdown(port: number, peer: Peer): Promise<boolean> {
  const socket = io(`http://localhost:${port}`, { transports: ['websocket'], reconnection: false })
  await new Promise<void>((resolve) => socket.once('connect', resolve))
  return ends(peer)
}

async function wsResumes(port: number, peer: Peer): Promise<boolean> {
  const titles: string[] = []
  const connect = async () => {
    const socket = new WebSocket(`ws://localhost:${port}/news`)
    socket.on('message', (text) => titles.push(JSON.parse(String(text)).title))
    await once(socket, 'open')
    return socket
  }
  const first = await connect()
  await sleep(50)
  peer.publish('One')
  await until(() => titles.length === 1)
  first.terminate()
  peer.publish('Two')
  const second = await connect()
  const resumed = await until(() => titles.join() === 'One,Two')
  second.terminate()
  return resumed
}

async function wsBounded(port: number, peer: Peer): Promise<boolean> {
  const socket = new WebSocket(`ws://localhost:${port}/flood`)
  await once(socket, 'open')
  return cutOff(socket, peer)
}

async function wsShutdown(port: number, peer: Peer): Promise<boolean> {
  const socket = new WebSocket(`ws://localhost:${port}/news`)
  await once(socket, 'open')
  return ends(peer)
}

async function cutOff(socket: WebSocket, _peer: Peer): Promise<boolean> {
  socket.pause()
  socket.on('error', () => {})
  await sleep(timeout)
  let bytes = 0
  socket.on('message', (data: Buffer) => {
    bytes += data.length
  })
  socket.resume()
  const complete = await until(
    () => bytes >= chunk.length * chunks,
    60_000,
    () => socket.readyState === socket.CLOSED,
  )
  socket.terminate()
  return !complete
}

async function read(port: number, path: string, extra: Record<string, string> = {}) {
  let text = ''
  const client = get({
    port,
    path,
    headers: { Accept: 'text/event-stream', ...extra },
    agent: false,
  })
  client.on('error', () => {})
  const response = once(client, 'response').then(
    ([message]) => message,
    () => undefined,
  )
  void response.then((message) => {
    message?.on('error', () => {})
    message?.on('data', (bytes: Buffer) => {
      // A compressed response counts as missing.
      text += message.headers['content-encoding'] ? '' : bytes
    })
  })
  const opened = Promise.race([response, sleep(timeout)])
  return { response: opened, opened, text: () => text, leave: () => client.destroy() }
}

async function until(is: () => boolean, ms = timeout, over = () => false): Promise<boolean> {
  for (const end = Date.now() + ms; Date.now() < end && !over(); await sleep(20)) if (is()) return true
  return is()
}

async function listen(server: Server): Promise<number> {
  if (!server.listening) await once(server.listen(0), 'listening')
  return (server.address() as AddressInfo).port
}
