// Plain JavaScript, excluded from tsconfig.json: @fastify/sse declares its own reply.sse.
import { setTimeout as sleep } from 'node:timers/promises'
import compress from '@fastify/compress'
import sse from '@fastify/sse'
import Fastify from 'fastify'
import { chunk, chunks, forgedName, IdleSource } from './peer.ts'

export async function fastifySse() {
  const app = Fastify()
  await app.register(compress)
  await app.register(sse)
  const source = new IdleSource()
  const clients = new Set()
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('X-From-The-App', 'yes')
    done()
  })
  app.get('/news', { sse: 'only' }, async (_request, reply) => {
    reply.sse.keepAlive()
    clients.add(reply.sse)
    reply.sse.onClose(() => clients.delete(reply.sse))
    reply.sse.sendHeaders()
  })
  app.get('/name', { sse: 'only' }, (_request, reply) => reply.sse.send({ event: forgedName, data: true }))
  app.get('/source', { sse: 'only' }, (_request, reply) => reply.sse.send(source))
  app.get('/flood', { sse: 'only' }, async (_request, reply) => {
    for (let n = 0; n < chunks && reply.sse.isConnected; n++) {
      reply.sse.send(chunk).catch(() => {})
      await sleep(0)
    }
  })
  await app.ready()
  return {
    server: app.server,
    publish(title) {
      for (const client of clients) client.send({ data: { title } }).catch(() => {})
    },
    sourceStopped: () => source.stopped,
    end: () => void app.close(),
  }
}
