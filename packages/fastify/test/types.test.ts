import { createHub, type EventStream, type SseOptions, sse } from '@downstream/fastify'
import fastify, { type FastifyTypeProvider } from 'fastify'

/** As in TypeBox and zod: the schema says what a handler may return. */
interface OnlyOk extends FastifyTypeProvider {
  serializer: { ok: boolean }
}

// The compiler checks it; running it shows that it is valid.
test('the plugin and reply.sse() are typed on HTTP/1 and HTTP/2 instances', async () => {
  const options: SseOptions = { keepAlive: false, drain: 100 }

  const http2 = fastify({ http2: true })
  await http2.register(sse, options)
  http2.get('/', (_request, reply) => {
    const stream: EventStream = reply.sse({ retry: 1 })
    return stream
  })

  const app = fastify()
  await app.register(sse, { retry: 1 })
  app.get('/', (_request, reply) => {
    const over: Promise<void> = reply.sse(['a', { data: 1 }], { retry: 1 })
    return over
  })
  const typed = app.withTypeProvider<OnlyOk>()
  typed.get('/source', { schema: { response: { 200: {} } } }, (_request, reply) => reply.sse(['a']))
  typed.get('/block', { schema: { response: { 200: {} } } }, (_request, reply) => {
    reply.sse()
  })
  const hub = createHub()
  // @ts-expect-error: it returns a function, and the schema allows none: docs/fastify.md shows a block body
  typed.get('/news', { schema: { response: { 200: {} } } }, (_request, reply) =>
    hub.subscribe(reply.sse(), 'news'),
  )
  // @ts-expect-error: it returns a stream, and the schema allows none
  typed.get('/stream', { schema: { response: { 200: {} } } }, (_request, reply) => reply.sse())

  // @ts-expect-error: a string is no source
  app.get('/text', (_request, reply) => reply.sse('text'))
  // @ts-expect-error: there is no such option
  app.get('/option', (_request, reply) => reply.sse({ reconnect: 1 }))

  await Promise.all([http2.close(), app.close()])
})
