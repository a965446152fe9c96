// cls-hooked stores its context on the listener that is added to a response: a listener that all responses share is
// called in the context of the request that added it last.
import asyncHooks from 'node:async_hooks'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type EventStream, openEventStream } from '@downstream/core'
import { eventually, RawClient } from '@downstream/testing'
import { createNamespace, destroyNamespace } from 'cls-hooked'

test('a client that disconnects is seen in no other request’s context', async () => {
  const createHook = jest.spyOn(asyncHooks, 'createHook')
  const namespace = createNamespace('requests')
  const streams = new Map<string, EventStream>()
  const seen: [of: string, context: unknown][] = []
  const listener = (req: IncomingMessage, res: ServerResponse) => {
    namespace.bindEmitter(req)
    namespace.bindEmitter(res)
    namespace.run(() => {
      const url = String(req.url)
      namespace.set('url', url)
      const stream = openEventStream(req, res)
      stream.signal.addEventListener('abort', () => seen.push([url, namespace.get('url')]))
      streams.set(url, stream)
    })
  }
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const clients: RawClient[] = []
  try {
    for (const url of ['/first', '/second', '/newest']) {
      const client = await RawClient.connect(origin)
      clients.push(client)
      client.get(url)
      await client.receives(':\n\n')
    }
    clients[0]?.close()
    await eventually('the end of the first', () => seen.length === 1)
    clients[1]?.reset()
    await eventually('the end of the second', () => seen.length === 2)
    for (const [of, context] of seen) expect([undefined, of]).toContain(context)
    expect(streams.get('/newest')?.closed).toBe(false)
  } finally {
    for (const client of clients) client.close()
    server.closeAllConnections()
    server.close()
    destroyNamespace('requests')
    // It leaves its hook enabled, which then slows down every promise of the test files that run later in this process.
    for (const { value } of createHook.mock.results) value.disable()
    expect(createHook).toHaveBeenCalledTimes(1)
    createHook.mockRestore()
  }
})
