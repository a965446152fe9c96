import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createHub, type SseOptions, sse } from '@downstream/fastify'
import { eventually, RawClient } from '@downstream/testing'
import fastify5, { type FastifyReply, type FastifyRequest } from 'fastify'
import fastify4 from 'fastify4'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

const versions: [name: string, fastify: typeof fastify5][] = [
  ['Fastify 4', fastify4 as unknown as typeof fastify5],
  ['Fastify 5', fastify5],
]

describe.each(versions)('%s', (_name, fastify) => {
  // With a logger or an onResponse hook, Fastify itself keeps the reply until the response has finished.
  test.each<[what: string, options: SseOptions]>([
    ['', {}],
    [' that is counted by key', { limits: { key: ({ ip }) => ip, perKey: 100 } }],
  ])('an open stream%s keeps neither its request nor its reply in memory', async (_what, options) => {
    const hub = createHub()
    const app = fastify()
    await app.register(sse, options)
    const kept: WeakRef<FastifyRequest | FastifyReply>[] = []
    app.get('/', (request, reply) => {
      kept.push(new WeakRef(request), new WeakRef(reply))
      hub.subscribe(reply.sse(), 'news')
    })
    const origin = await app.listen({ port: 0, host: '127.0.0.1' })
    const clients = await Promise.all(Array.from({ length: 10 }, () => RawClient.connect(origin)))
    for (const client of clients) {
      client.get('/')
      await client.receives('retry: 3000\n:\n\n')
    }
    await eventually('all of them are collected', () => {
      collectGarbage()
      return kept.length === 20 && kept.every((one) => one.deref() === undefined)
    })
    expect(app.sse.size).toBe(10)
    hub.publish('news', { data: 'still open' })
    for (const client of clients) await client.receives('still open')
    await app.close()
    await hub.close()
  })
})
