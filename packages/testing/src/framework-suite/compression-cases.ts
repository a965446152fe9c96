import assert from 'node:assert/strict'
import { createHub, type EventStream } from '@downstream/core'
import { eventually } from '../eventually.ts'
import type { SuiteCase } from './suite-case.ts'

const gzip = { headers: { 'Accept-Encoding': 'deflate, gzip;q=0.5' } }
const LONG = 'what comes again and again takes few bytes '.repeat(5)

/** Streams that are compressed for clients that accept it. */
export const compressionCases: SuiteCase[] = [
  ...(['own', 'shared'] as const).map(
    (mode): SuiteCase => ({
      name: `compression '${mode}': a client that accepts gzip can read each event as soon as it is sent, and the end is valid`,
      async run(tools) {
        let stream: EventStream | undefined
        await tools.serve(
          ({ sse }) => {
            stream = sse()
          },
          { compression: mode },
        )
        const client = await tools.open(gzip)
        assert.equal(client.headers['content-encoding'], 'gzip')
        assert.equal(client.headers.vary, 'Accept-Encoding')
        assert.equal(client.headers['content-type'], 'text/event-stream')
        assert.match(client.headers['cache-control'] ?? '', /no-transform/)
        await client.receives(':\n\n')
        for (const n of [1, 2, 3]) {
          stream?.send({ id: n, data: `${LONG}${n} 😀` })
          await client.receives(`${LONG}${n} 😀\n\n`)
        }
        stream?.close()
        await client.ends()
        assert.equal(client.error, undefined)
        assert.equal(client.events.length, 3)
      },
    }),
  ),
  {
    name: "compression 'shared': each client can read an event of a hub when it is published, also after events of its own, and the end is valid",
    async run(tools) {
      const hub = createHub({ controlEvents: { bookmark: false } })
      const streams: EventStream[] = []
      await tools.serve(
        ({ sse }) => {
          const stream = sse()
          hub.subscribe(stream, 'news')
          streams.push(stream)
        },
        { compression: 'shared' },
      )
      const open = async () => {
        const client = await tools.open(gzip)
        await client.receives(':\n\n')
        return client
      }
      const clients = [await open(), await open()]
      for (const n of [1, 2, 3, 4, 5, 6]) {
        if (n === 4) clients.push(await open())
        if (n === 5) await streams[0]?.send('private')
        await hub.publish('news', { data: `${LONG}${n}` })
        for (const client of clients) await client.receives(`${LONG}${n}\n\n`)
      }
      for (const stream of streams) stream.close()
      for (const client of clients) {
        await client.ends()
        assert.equal(client.error, undefined)
      }
      const data = [1, 2, 3, 4, 5, 6].map((n) => `${LONG}${n}`)
      assert.deepEqual(
        clients.map((client) => client.data),
        [[...data.slice(0, 4), 'private', ...data.slice(4)], data, data.slice(3)],
      )
      await eventually('the ends', () => tools.host.stats().open === 0)
      const plain = clients.reduce((sum, { text }) => sum + text.length, 0)
      assert.ok(tools.host.stats().bytes < plain / 2, `${tools.host.stats().bytes} bytes for ${plain}`)
      await hub.close()
    },
  },
  {
    name: 'compression: a refusal is not compressed',
    async run(tools) {
      await tools.serve(({ sse, request }) => (request.method === 'GET' ? sse() : sse.refuse()), {
        compression: 'own',
        limits: { total: 1 },
        refuse: 503,
      })
      await tools.open(gzip)
      const refused = await tools.open(gzip)
      assert.equal(refused.headers['content-encoding'], undefined)
      assert.equal(await refused.ends(), 'This event stream was refused.\n')
      const later = await tools.open({ method: 'POST', body: {}, ...gzip })
      assert.equal(later.headers['content-encoding'], undefined)
      assert.match(await later.ends(), /^retry: \d+\n:\n\n$/)
    },
  },
  {
    name: 'compression: Content-Encoding: identity that other code has set is replaced',
    async run(tools) {
      await tools.serve(
        ({ sse, setHeader }) => {
          setHeader('Content-Encoding', 'identity')
          return sse([LONG])
        },
        { compression: 'own' },
      )
      const client = await tools.open(gzip)
      assert.equal(client.headers['content-encoding'], 'gzip')
      await client.ends()
      assert.equal(client.error, undefined)
      assert.deepEqual(client.data, [LONG])
    },
  },
  {
    name: 'compression: a client that does not accept it receives plain text, with Vary for caches',
    async run(tools) {
      await tools.serve(
        ({ sse, setHeader }) => {
          setHeader('Vary', 'Origin')
          return sse(['a'], { headers: { Vary: 'Cookie' } })
        },
        { compression: 'own' },
      )
      for (const headers of [{}, { 'Accept-Encoding': 'br, gzip;q=0' }]) {
        const client = await tools.open({ headers })
        assert.equal(await client.ends(), 'retry: 3000\n:\n\ndata: a\n\n')
        assert.equal(client.headers['content-encoding'], undefined)
        assert.equal(client.headers.vary, 'Origin, Cookie, Accept-Encoding')
      }
    },
  },
  {
    name: 'compression: false on a call overrides the setting of the app',
    async run(tools) {
      await tools.serve(({ sse }) => sse(['a'], { compression: false }), { compression: 'own' })
      const client = await tools.open(gzip)
      assert.equal(await client.ends(), 'retry: 3000\n:\n\ndata: a\n\n')
      assert.equal(client.headers['content-encoding'], undefined)
      assert.equal(client.headers.vary, undefined)
    },
  },
  {
    name: 'compression: a Content-Encoding that other code has set is kept, and nothing is compressed twice',
    async run(tools) {
      await tools.serve(
        ({ sse, setHeader }) => {
          setHeader('Content-Encoding', 'x-other')
          return sse(['a'])
        },
        { compression: 'own' },
      )
      const client = await tools.open(gzip)
      assert.equal(client.headers['content-encoding'], 'x-other')
      assert.equal(await client.ends(), 'retry: 3000\n:\n\ndata: a\n\n')
    },
  },
  {
    name: 'compression: a HEAD request receives the same headers and no body',
    async run(tools) {
      await tools.serve(({ sse }) => void sse(), { compression: 'shared' })
      const client = await tools.open({ method: 'HEAD', ...gzip })
      assert.equal(client.headers['content-encoding'], 'gzip')
      assert.equal(client.headers.vary, 'Accept-Encoding')
      assert.equal(await client.ends(), '')
    },
  },
  {
    name: 'compression: still notices a slow client and one that disconnects',
    async run(tools) {
      let stream: EventStream | undefined
      await tools.serve(({ sse }) => {
        stream = sse({ compression: 'shared', maxBufferedBytes: 1_000 })
      })
      const slow = await tools.open(gzip)
      await slow.receives(':\n\n')
      slow.pause()
      await eventually('the cut-off', () => {
        void stream?.send('x'.repeat(100_000))
        return stream?.closed
      })
      assert.equal(stream?.signal.reason.code, 'ERR_SSE_SLOW_CLIENT')
      const leaving = await tools.open(gzip)
      await leaving.receives(':\n\n')
      leaving.destroy()
      await eventually('the end', () => stream?.closed)
      assert.equal(stream?.signal.reason.code, 'ERR_SSE_CLIENT_CLOSED')
    },
  },
]
