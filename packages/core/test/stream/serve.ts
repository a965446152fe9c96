import { once } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { eventually, RawClient } from '@downstream/testing'
import type { EventStream } from '../../src/stream/event-stream.ts'
import type { EventStreamOptions } from '../../src/stream/event-stream-options.ts'
import { openEventStream } from '../../src/stream/open-event-stream.ts'

const servers: Server[] = []
const clients: RawClient[] = []

afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  await Promise.all(servers.splice(0).map(stop))
})

/** Starts a server that the end of the test stops. */
export async function serve(
  listener: RequestListener,
  options: ServerOptions = {},
): Promise<{ server: Server; origin: string }> {
  const server = createServer(options, listener)
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

/** Connects a plain socket that the end of the test closes. */
export async function connect(origin: string): Promise<RawClient> {
  const client = await RawClient.connect(origin)
  clients.push(client)
  return client
}

/** A stream on a server, open to a client that has received its beginning. */
export interface Opened {
  server: Server
  origin: string
  client: RawClient
  req: IncomingMessage
  res: ServerResponse
  stream: EventStream
}

/** Starts a server and opens one stream on it. */
export async function openOne(options?: EventStreamOptions): Promise<Opened> {
  const { server, origin } = await serve((req, res) => {
    server.emit('opened', { req, res, stream: openEventStream(req, res, options) })
  })
  const opened = once(server, 'opened')
  const client = await connect(origin)
  client.get('/')
  const [exchange] = await opened
  await client.receives(':\n\n')
  return { server, origin, client, ...exchange }
}

/** Starts a server that calls `before` with each response and then opens a stream on it. */
export async function serveStreams(
  options: EventStreamOptions = {},
  before: (req: IncomingMessage, res: ServerResponse) => unknown = () => {},
) {
  const streams: EventStream[] = []
  const { origin, server } = await serve(async (req, res) => {
    await before(req, res)
    streams.push(openEventStream(req, res, options))
  })
  return {
    origin,
    server,
    streams,
    opened: (count: number) => eventually('streams', () => streams.length === count),
  }
}

async function stop(server: Server): Promise<void> {
  if (!server.listening) return
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}
