// Middleware that does not support `no-transform`: it holds the headers back, decides at the first write whether it
// compresses, and moves the listeners of the response to its compressor.
import { createServer, type RequestListener } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { type EventStream, openEventStream } from '@downstream/core'
import { eventually, RawClient } from '@downstream/testing'

type Middleware = (...args: [...Parameters<RequestListener>, next: () => void]) => void
const load = (name: string) =>
  createRequire(__filename)(name) as (options: { threshold: number }) => Middleware

// The first events arrived at the end of the stream, and with polka's no disconnect was noticed.
test.each(['@polka/compression', 'http-compression'])(
  '%s leaves a stream as it is, and compresses the rest',
  async (name) => {
    const compress = load(name)({ threshold: 0 })
    let stream: EventStream | undefined
    const server = createServer((req, res) =>
      compress(req, res, () => {
        if (req.url === '/page') res.end('<p>a page</p>')
        else {
          stream = openEventStream(req, res)
          stream.send('first')
        }
      }),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const client = await RawClient.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    try {
      client.get('/page', { 'Accept-Encoding': 'gzip' })
      await client.receives('0\r\n\r\n')
      expect(client.text).toMatch(/^content-encoding: gzip\r$/im)
      client.get('/', { 'Accept-Encoding': 'gzip' })
      await client.receives('data: first\n\n')
      stream?.send('second')
      await client.receives('data: second\n\n')
      client.close()
      await eventually('the end', () => stream?.closed)
      expect(stream?.reason?.code).toBe('ERR_SSE_CLIENT_CLOSED')
    } finally {
      client.close()
      server.closeAllConnections()
      server.close()
    }
  },
)

test.each(['@polka/compression', 'http-compression'])(
  '%s does not compress again what is compressed here',
  async (name) => {
    const compress = load(name)({ threshold: 0 })
    let stream: EventStream | undefined
    const server = createServer((req, res) =>
      compress(req, res, () => {
        stream = openEventStream(req, res, { compression: 'own' })
        stream.send('first')
      }),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
      expect(response.headers.get('content-encoding')).toBe('gzip')
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
      let text = ''
      while (!text.includes('data: first\n\n')) text += (await reader?.read())?.value
      stream?.send('last')
      stream?.close()
      for (let chunk = await reader?.read(); chunk?.done === false; chunk = await reader?.read())
        text += chunk.value
      expect(text).toMatch(/data: last\n\n$/)
    } finally {
      server.closeAllConnections()
      server.close()
    }
  },
)
