import assert from 'node:assert/strict'
import { eventually } from '../eventually.ts'
import type { SuiteCase } from './suite-case.ts'

/** The response headers: those that make it an event stream, and those of the app that are kept. */
export const headCases: SuiteCase[] = [
  {
    name: 'answers 200 with exactly text/event-stream, uncached, untransformed and unsniffed',
    async run(tools) {
      await tools.serve(({ sse }) => sse())
      const { status, headers } = await tools.open()
      assert.equal(status, 200)
      assert.equal(headers['content-type'], 'text/event-stream')
      assert.equal(headers['cache-control'], 'no-cache, no-transform')
      assert.equal(headers['x-accel-buffering'], 'no')
      assert.equal(headers['x-content-type-options'], 'nosniff')
      assert.equal(headers.incremental, '?1')
      assert.equal(headers['content-length'], undefined)
      assert.equal(headers['content-encoding'], undefined)
    },
  },
  {
    name: 'sends the headers and a comment at once, before any event',
    async run(tools) {
      await tools.serve(({ sse }) => sse())
      const client = await tools.open()
      await client.receives(':\n\n')
      assert.deepEqual(client.events, [])
    },
  },
  {
    name: 'sends the retry option first',
    async run(tools) {
      await tools.serve(({ sse }) => sse(['a']), { retry: 1234 })
      const client = await tools.open()
      assert.equal(await client.ends(), 'retry: 1234\n:\n\ndata: a\n\n')
    },
  },
  {
    name: 'prefers the options of one stream to those of the app',
    async run(tools) {
      await tools.serve(({ sse }) => sse([{ data: 1 }], { retry: 5, serialize: (data) => `<${data}>` }), {
        retry: 1234,
      })
      const client = await tools.open()
      assert.equal(await client.ends(), 'retry: 5\n:\n\ndata: <1>\n\n')
    },
  },
  {
    name: 'sends Connection: keep-alive on HTTP/1.1',
    only: 'http/1.1',
    async run(tools) {
      await tools.serve(({ sse }) => sse())
      const client = await tools.connect()
      client.get('/')
      await client.receives(':\n\n')
      assert.match(client.text, /^connection: keep-alive\r$/im)
    },
  },
  {
    name: "ends the connection after the stream when the client asked for 'Connection: close'",
    only: 'http/1.1',
    async run(tools) {
      await tools.serve(({ sse }) => sse(['a']))
      const client = await tools.connect()
      client.get('/', { Connection: 'close' })
      await client.ends()
      assert.match(client.text, /^connection: close\r$/im)
      assert.doesNotMatch(client.text, /keep-alive/i)
      assert.deepEqual(
        client.events.map(({ data }) => data),
        ['a'],
      )
    },
  },
  {
    name: 'serves the next request on the same connection',
    only: 'http/1.1',
    async run(tools) {
      await tools.serve(({ sse, request }) => sse([request.url ?? '']))
      const client = await tools.connect()
      client.get('/first')
      await client.receives('0\r\n\r\n')
      client.get('/second')
      await client.receives('data: /second\n\n')
    },
  },
  {
    name: 'answers an HTTP/1.0 client without chunks, and ends by closing',
    only: 'http/1.1',
    async run(tools) {
      await tools.serve(({ sse }) => sse(['a']))
      const client = await tools.connect()
      client.get('/', {}, '1.0')
      await client.ends()
      assert.doesNotMatch(client.text, /connection: keep-alive|transfer-encoding/i)
      assert.ok(client.text.endsWith('\r\n\r\nretry: 3000\n:\n\ndata: a\n\n'), client.text)
    },
  },
  {
    name: 'sends no connection headers over HTTP/2, and Node emits no warning',
    only: 'h2',
    async run(tools) {
      const warnings: Error[] = []
      const onWarning = (warning: Error) => warnings.push(warning)
      process.on('warning', onWarning)
      try {
        await tools.serve(({ sse }) => sse(['a']))
        const client = await tools.open()
        await client.ends()
        assert.equal(client.headers.connection, undefined)
        assert.deepEqual(warnings, [])
      } finally {
        process.off('warning', onWarning)
      }
    },
  },
  {
    name: 'keeps headers that the app set before, including several cookies',
    async run(tools) {
      await tools.serve(({ sse, setHeader }) => {
        setHeader('Access-Control-Allow-Origin', 'https://example.org')
        setHeader('Vary', 'Origin')
        setHeader('Set-Cookie', ['a=1', 'b=2'])
        return sse(['x'])
      })
      const { headers } = await tools.open()
      assert.equal(headers['access-control-allow-origin'], 'https://example.org')
      assert.equal(headers.vary, 'Origin')
      assert.equal(headers['set-cookie']?.join(), 'a=1,b=2')
    },
  },
  {
    name: 'adds the Set-Cookie and Vary of the headers option to those that the app set before',
    async run(tools) {
      await tools.serve(({ sse, setHeader }) => {
        setHeader('Vary', 'Origin')
        setHeader('Set-Cookie', ['a=1', 'b=2'])
        return sse(['x'], { headers: new Headers({ 'Set-Cookie': 'c=3', Vary: 'Accept' }) })
      })
      const { headers } = await tools.open()
      assert.equal(headers['set-cookie']?.join(), 'a=1,b=2,c=3')
      assert.equal(headers.vary, 'Origin, Accept')
    },
  },
  {
    name: 'gives a GET, a POST and a QUERY the same stream, resume included',
    only: 'QUERY',
    async run(tools) {
      await tools.serve(({ sse }) =>
        sse(({ lastEventId }) => [{ id: Number(lastEventId) + 1, data: `after ${lastEventId}` }]),
      )
      const texts: string[] = []
      for (const method of ['GET', 'POST', 'QUERY']) {
        const body = method === 'GET' ? undefined : { filter: 'all' }
        const client = await tools.open({ method, body, headers: { 'last-event-id': '7' } })
        assert.equal(client.headers['content-type'], 'text/event-stream')
        texts.push(await client.ends())
      }
      assert.deepEqual(texts, Array(3).fill('retry: 3000\n:\n\nid: 8\ndata: after 7\n\n'))
    },
  },
  {
    name: 'keeps a Cache-Control of the app that excludes caches, and adds no-transform',
    async run(tools) {
      await tools.serve(({ sse, setHeader }) => {
        setHeader('Cache-Control', 'no-store')
        return sse(['x'])
      })
      assert.equal((await tools.open()).headers['cache-control'], 'no-store, no-transform')
    },
  },
  {
    name: 'replaces a Cache-Control that would let a cache share the stream',
    async run(tools) {
      await tools.serve(({ sse, setHeader }) => {
        setHeader('Cache-Control', 'public, max-age=60')
        return sse(['x'])
      })
      assert.equal((await tools.open()).headers['cache-control'], 'no-cache, no-transform')
    },
  },
  {
    name: 'sends the headers option beside the headers of an event stream',
    async run(tools) {
      await tools.serve(({ sse }) => sse(['x'], { headers: { 'X-Stream': 'v1', Link: ['<a>', '<b>'] } }))
      const { headers } = await tools.open()
      assert.equal(headers['x-stream'], 'v1')
      assert.equal(headers.link, '<a>, <b>')
    },
  },
  {
    name: 'answers 200 whatever status was set before, because a browser gives up at any other',
    async run(tools) {
      await tools.serve(({ sse, setStatus }) => {
        setStatus(201)
        return sse(['x'])
      })
      assert.equal((await tools.open()).status, 200)
    },
  },
  {
    name: 'answers HEAD with the headers alone, and never starts the source',
    async run(tools) {
      let started = false
      await tools.serve(({ sse }) =>
        sse(() => {
          started = true
          return ['x']
        }),
      )
      const client = await tools.open({ method: 'HEAD' })
      assert.equal(client.headers['content-type'], 'text/event-stream')
      assert.equal(await client.ends(), '')
      assert.equal(started, false)
    },
  },
  {
    name: 'returns a closed stream for a HEAD request, whose signal aborts for listeners that are added at once',
    async run(tools) {
      const seen: unknown[] = []
      await tools.serve(({ sse }) => {
        const stream = sse()
        seen.push(stream.closed)
        stream.signal.addEventListener('abort', () => seen.push(stream.signal.reason.code))
      })
      await (await tools.open({ method: 'HEAD' })).ends()
      assert.deepEqual(seen, [true, 'ERR_SSE_CLOSED'])
    },
  },
  {
    name: "reads Last-Event-ID: '' when there is none, and UTF-8 as browsers send it",
    async run(tools) {
      const seen: string[] = []
      await tools.serve(({ sse }) => sse((stream) => void seen.push(stream.lastEventId)))
      const latin1 = (text: string) => Buffer.from(text).toString('latin1')
      for (const id of ['', '42', 'a b', latin1('…é😀')]) {
        const headers: Record<string, string> = id === '' ? {} : { 'last-event-id': id }
        await (await tools.open({ headers })).ends()
      }
      await eventually('four streams', () => seen.length === 4)
      assert.deepEqual(seen, ['', '42', 'a b', '…é😀'])
    },
  },
  {
    name: 'reads the last event ID from the query, named by the app or lastEventId; the header takes precedence',
    async run(tools) {
      const seen: string[] = []
      await tools.serve(({ sse, request }) => {
        const lastEventIdParameter = { '/on': 'from', '/of': false as const }[request.url?.slice(0, 3) ?? '']
        return sse((stream) => void seen.push(stream.lastEventId), { lastEventIdParameter })
      })
      await (await tools.open({ path: '/on?x=1&from=a%20b' })).ends()
      await (await tools.open({ path: '/on?from=query', headers: { 'last-event-id': 'header' } })).ends()
      await (await tools.open({ path: '/off?from=query&lastEventId=query' })).ends()
      await (await tools.open({ path: '/?from=other&lastEventId=7' })).ends()
      assert.deepEqual(seen, ['a b', 'header', '', '7'])
    },
  },
]
