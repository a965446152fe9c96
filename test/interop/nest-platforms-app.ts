// Nest on both of its platforms: our middleware or plugin, and @Res(). In a separate process, because Nest is ES
// modules.
import 'reflect-metadata'
import type { AddressInfo } from 'node:net'
import { type EventStream, sse } from '@downstream/express'
import fastifySse from '@downstream/fastify'
import {
  Controller,
  Get,
  type INestApplication,
  type MiddlewareConsumer,
  Module,
  type NestModule,
  Res,
} from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'

/** The common part of `Response` of Express and `FastifyReply` with our middleware or plugin. */
interface Streams {
  sse(): EventStream
  sse(source: Iterable<string> | (() => Promise<never>)): Promise<void>
}

const events = sse()

class News {
  open(response: Streams) {
    const stream = response.sse()
    stream.send('first')
    stream.signal.addEventListener('abort', () => console.log(JSON.stringify(stream.signal.reason.code)))
  }
  finite(response: Streams) {
    return response.sse(['one', 'two'])
  }
}
// What @Controller(), @Get() and @Res() do, by hand: these files are compiled without decorators.
Controller('news')(News)
for (const name of ['open', 'finite'] as const) {
  const descriptor = Object.getOwnPropertyDescriptor(News.prototype, name)
  if (descriptor) Get(name)(News.prototype, name, descriptor)
  Res()(News.prototype, name, 0)
}
class App {}
Module({ controllers: [News] })(App)

/** Our Express middleware as a middleware of Nest: on Fastify it runs under middie, and the method is on `reply.raw`. */
class Raw {
  fails(reply: { hijack(): void; raw: Streams }) {
    reply.hijack()
    return reply.raw.sse(() => Promise.reject(new Error('of the source')))
  }
  plain() {
    return 'fine'
  }
}
Controller('raw')(Raw)
for (const name of ['fails', 'plain'] as const) {
  const descriptor = Object.getOwnPropertyDescriptor(Raw.prototype, name)
  if (descriptor) Get(name)(Raw.prototype, name, descriptor)
}
Res()(Raw.prototype, 'fails', 0)
class AppWithMiddleware implements NestModule {
  configure(consumer: MiddlewareConsumer) {
    consumer.apply(events).forRoutes(Raw)
  }
}
Module({ controllers: [Raw] })(AppWithMiddleware)
process.on('warning', ({ message }) => {
  if (message === 'of the source') console.log(JSON.stringify(message))
})

async function listen(app: INestApplication): Promise<number> {
  await app.listen(0, '127.0.0.1')
  return (app.getHttpServer().address() as AddressInfo).port
}

const onExpress = await NestFactory.create(App, new ExpressAdapter(), { logger: false })
onExpress.use(events)
const onFastify = await NestFactory.create<NestFastifyApplication>(App, new FastifyAdapter(), {
  logger: false,
})
await onFastify.register(fastifySse as never)
const underMiddie = await NestFactory.create(AppWithMiddleware, new FastifyAdapter(), { logger: false })
console.log(
  JSON.stringify({
    Express: await listen(onExpress),
    Fastify: await listen(onFastify),
    Middie: await listen(underMiddie),
  }),
)

process.once('SIGTERM', async () => {
  await Promise.all([events.close(), onExpress.close(), onFastify.close(), underMiddie.close()])
})
