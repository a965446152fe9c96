import type { FastifyPluginAsync } from 'fastify'

interface BufferingProxyOptions {
  /** The server whose responses are buffered: `http://localhost:3001`. */
  target: string
}

/** Acts like an antivirus program or a company's proxy: forwards a response only when it is complete. */
export const bufferingProxy: FastifyPluginAsync<BufferingProxyOptions> = async (scope, { target }) => {
  scope.get('/*', async (request, reply) => {
    const gone = new AbortController()
    reply.raw.once('close', () => gone.abort())
    const url = target + request.url.slice(scope.prefix.length)
    const lastEventId = request.headers['last-event-id']
    try {
      const response = await fetch(url, {
        headers: lastEventId === undefined ? {} : { 'Last-Event-ID': String(lastEventId) },
        signal: gone.signal,
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
