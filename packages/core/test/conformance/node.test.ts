import { once } from 'node:events'
import * as http from 'node:http'
import * as http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { type Request, type Response, StreamGroup } from '@downstream/core'
import { type FrameworkHost, frameworkSuite, type StartFramework } from '@downstream/testing'

type CreateServer = (listener: (req: Request, res: Response) => void) => http.Server | http2.Http2Server

const hosts: [name: string, protocol: FrameworkHost['protocol'], createServer: CreateServer][] = [
  ['node:http', 'http/1.1', http.createServer],
  ['node:http with a patched write', 'http/1.1', createPatched],
  ['node:http2', 'h2', http2.createServer],
]

describe.each(hosts)('%s', (_name, protocol, createServer) => {
  frameworkSuite({ test, protocol, start: startOn(protocol, createServer) })
})

/**
 * As loggers and compression do it: chunks then go through the methods of the response instead of directly to the
 * socket.
 */
function createPatched(listener: (req: Request, res: Response) => void): http.Server {
  return http.createServer((req, res) => {
    const { write } = res
    res.write = ((...args: Parameters<typeof write>) => write.apply(res, args)) as typeof write
    listener(req, res)
  })
}

/** An app without a framework: the shortest form of what an adapter does. */
function startOn(protocol: FrameworkHost['protocol'], createServer: CreateServer): StartFramework {
  return async (handler, { drain, ...options } = {}) => {
    const errors: unknown[] = []
    const group = new StreamGroup(options)
    const server = createServer(async (request, response) => {
      const fail = (error: unknown) => {
        errors.push(error)
        response.destroy()
      }
      const sse = group.sse(request, response, { onSourceError: fail })
      try {
        if (request.method !== 'GET') for await (const _chunk of request);
        await handler({
          sse,
          request,
          response,
          setHeader: (name, value) => response.setHeader(name, value),
          setStatus: (code) => {
            response.statusCode = code
          },
        })
      } catch (error) {
        fail(error)
      }
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return {
      origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      protocol,
      errors,
      stats: () => group.stats(),
      close: async () => {
        const closed = server.listening ? once(server, 'close') : undefined
        server.close()
        await group.close({ drain })
        await closed
      },
    }
  }
}
