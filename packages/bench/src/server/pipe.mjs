// The usual relay: it forwards all bytes. The upstream continues when the client has disconnected.
import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import { startUpstream } from './start-upstream.mjs'

const upstream = await startUpstream()

export const server = createServer(async (req, res) => {
  if (!req.url?.startsWith('/tokens')) return res.end('pong')
  const { body } = await fetch(upstream + req.url)
  res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' })
  Readable.fromWeb(/** @type {import('node:stream/web').ReadableStream} */ (body)).pipe(res)
})

export function publish() {}
