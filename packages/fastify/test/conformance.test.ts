import { Writable } from 'node:stream'
import { sse } from '@downstream/fastify'
import { type FrameworkHost, frameworkSuite, type StartFramework } from '@downstream/testing'
import fastify5, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import fastify4 from 'fastify4'

type CreateApp = (options: FastifyServerOptions & { http2?: boolean }) => FastifyInstance

const createFastify5 = fastify5 as unknown as CreateApp

const hosts: [name: string, protocol: FrameworkHost['protocol'], create: CreateApp][] = [
  ['Fastify 4', 'http/1.1', fastify4 as unknown as CreateApp],
  ['Fastify 5', 'http/1.1', createFastify5],
  ['Fastify 5 over HTTP/2', 'h2', (options) => createFastify5({ ...options, http2: true })],
]

describe.each(hosts)('%s', (name, protocol, create) => {
  // Fastify 4 refuses the method.
  frameworkSuite({ test, protocol, start: startOn(protocol, create), routesQuery: name !== 'Fastify 4' })
})

// The same with a hook that is pending when the handler returns, as in most apps with cookies or sessions.
describe('Fastify 5 with an async onSend hook', () => {
  const create: CreateApp = (options) => {
    const app = createFastify5(options)
    app.addHook('onSend', async (_request, _reply, payload) => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      return payload
    })
    return app
  }
  frameworkSuite({ test, protocol: 'http/1.1', start: startOn('http/1.1', create) })
})

function startOn(protocol: FrameworkHost['protocol'], create: CreateApp): StartFramework {
  return async (handler, options = {}) => {
    const errors: unknown[] = []
    const app = create({
      logger: {
        level: 'error',
        serializers: { err: (error) => void errors.push(error) as never },
        stream: nowhere(),
      },
    })
    await app.register(sse, options)
    app.route({
      method: app.supportedMethods?.includes('QUERY') ? ['GET', 'POST', 'QUERY'] : ['GET', 'POST'],
      url: '*',
      handler: (request, reply) =>
        handler({
          sse: reply.sse,
          request: request.raw,
          response: reply.raw,
          setHeader: (name, value) => reply.header(name, value),
          setStatus: (code) => reply.code(code),
        }),
    })
    const origin = await app.listen({ port: 0, host: '127.0.0.1' })
    return { origin, protocol, errors, stats: () => app.sse.stats(), close: () => app.close() }
  }
}

function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() })
}
