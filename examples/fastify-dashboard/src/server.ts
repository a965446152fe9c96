import type { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createHub, sse } from '@downstream/fastify'
import fastifyStatic from '@fastify/static'
import Fastify from 'fastify'
import { measure, renderRows } from './services.ts'

const port = Number(process.env.PORT || 3001)
const tickMs = Number(process.env.TICK_MS || 1000)

// Browsers open connections in advance; app.close() alone would wait a minute for such a connection.
const app = Fastify({ forceCloseConnections: true })
const hub = createHub<{
  tables: { table: string }
  costs: { bytes: { sent: number; plain: number; pages: number } }
}>()

// The table is compressed once a second, however many pages are open. It contains no secret: see README.md.
await app.register(sse, { retry: 1000, compression: 'shared' })
await app.register(fastifyStatic, { root: fileURLToPath(new URL('../public', import.meta.url)) })

/** The bytes that were sent to the open pages, and their number without compression. */
const pages = new Map<Socket, number>()
let sent = 0
let plain = 0
/** A new page starts after this one: the hub sends it the newest table at once. */
let lastButOne = hub.cursor()
let last = lastButOne

async function tick(): Promise<void> {
  for (const [socket, before] of pages) {
    sent += socket.bytesWritten - before
    pages.set(socket, socket.bytesWritten)
  }
  hub.publish('costs', { event: 'bytes', data: { sent, plain, pages: pages.size } })
  measure()
  const rows = renderRows()
  plain += rows.length * pages.size
  lastButOne = last
  last = await hub.publish('tables', { event: 'table', data: rows })
}
const ticking = setInterval(tick, tickMs)
await tick()

app.get('/table', ({ socket }, reply) => {
  const stream = reply.sse()
  plain += renderRows().length
  pages.set(socket, socket.bytesWritten)
  stream.signal.addEventListener('abort', () => pages.delete(socket))
  hub.subscribe(stream, 'tables', { after: lastButOne })
})

// The costs have a separate stream, so that they are not counted.
app.get('/costs', (_request, reply) => hub.subscribe(reply.sse({ compression: false }), 'costs'))

app.addHook('onClose', async () => {
  clearInterval(ticking)
  await hub.close()
})
process.on('SIGINT', () => app.close())
process.on('SIGTERM', () => app.close())

await app.listen({ port }).catch((cause) => {
  throw new Error(`Cannot listen on port ${port}. Choose another: PORT=${port + 10} npm start`, { cause })
})
console.log(`http://localhost:${port}`)
