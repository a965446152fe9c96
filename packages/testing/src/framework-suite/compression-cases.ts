import assert from 'node:assert/strict'
import type { EventStream } from '@downstream/core'
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
    name: 'compression: the end is valid at a shutdown',
    async run(tools) {
      let open = 0
      const host = await tools.serve(
        ({ sse }) => {
          sse()
          open++
        },
        { compression: 'own' },
      )
      const client = await tools.open(gzip)
      await client.receives(':\n\n')
      await Promise.all([host.close(), client.ends()])
      assert.equal(client.error, undefined)
      assert.match(client.text, /retry: \d+\n\n$/)
      assert.equal(open, 1)
    },
  },
  {
    name: 'compression: the end is valid when other code ends the response',
    async run(tools) {
      await tools.serve(
        async ({ sse, response }) => {
          const stream = sse()
          await new Promise((resolve) => setTimeout(resolve, 50))
          stream.send('last')
          response.end()
        },
        { compression: 'own' },
      )
      const client = await tools.open(gzip)
      await client.ends()
      assert.equal(client.error, undefined)
      assert.deepEqual(client.data, ['last'])
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
