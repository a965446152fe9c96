import type { FastifyPluginAsync } from 'fastify'

interface BufferingProxyOptions {
  /** The server whose responses are buffered: `http://localhost:3001`. */
  target: string
}

/** Acts like an antivirus program or a company's proxy: forwards a response only when it is complete. */
export const bufferingProxy: FastifyPluginAsync<BufferingProxyOptions> = async (scope, { target }) => {
  scope.get('/*', async ({ url, headers }, reply) => {
    const left = new AbortController()
    reply.raw.once('close', () => left.abort())
    // What the client says about itself and its connection to this proxy is not passed on.
    const passedOn = ['accept', 'last-event-id', 'prefer'].filter((name) => headers[name] !== undefined)
    try {
      const response = await fetch(target + url.slice(scope.prefix.length), {
        headers: Object.fromEntries(passedOn.map((name) => [name, String(headers[name])])),
        signal: left.signal,
      })
      const body = Buffer.from(await response.arrayBuffer())
      return reply
        .code(response.status)
        .header('Content-Type', response.headers.get('content-type'))
        .header('Cache-Control', 'no-store')
        .send(body)
    } catch {
      // The client has disconnected, or the app has died during a response.
      return reply.code(502).send({ error: 'No answer' })
    }
  })
}
