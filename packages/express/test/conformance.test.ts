import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sse } from '@downstream/express'
import { frameworkSuite, type StartFramework } from '@downstream/testing'
import express5, { type NextFunction } from 'express'
import express4 from 'express4'

describe.each([
  ['Express 4', express4 as unknown as typeof express5],
  ['Express 5', express5],
])('%s', (_name, express) => {
  frameworkSuite({ test, protocol: 'http/1.1', start: startOn(express) })
})

function startOn(express: typeof express5): StartFramework {
  return async (handler, { drain, ...options } = {}) => {
    const errors: unknown[] = []
    const events = sse(options)
    const app = express()
    app.use(express.json(), events)
    app.use((request, response) =>
      handler({
        sse: response.sse,
        request,
        response,
        setHeader: (name, value) => response.set(name, value),
        setStatus: (code) => response.status(code),
      }),
    )
    app.use((error: unknown, _request: IncomingMessage, _response: ServerResponse, next: NextFunction) => {
      errors.push(error)
      next(error)
    })
    const server = createServer(app).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return {
      origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      protocol: 'http/1.1',
      errors,
      stats: events.stats,
      close: async () => {
        const closed = server.listening ? once(server, 'close') : undefined
        server.close()
        await events.close({ drain })
        await closed
      },
    }
  }
}
