import assert from 'node:assert/strict'
import type { EventStream } from '@downstream/core'
import { eventually } from '../eventually.ts'
import { deferred, type SuiteCase } from './suite-case.ts'

/** The reconnection time that a client keeps: the last one that it received. */
function retryOf(text: string): number {
  return Number(text.match(/(?<=^retry: )\d+$/gm)?.at(-1))
}

/** The app closes with open streams. */
export const shutdownCases: SuiteCase[] = [
  {
    name: 'ends open streams, each with a retry of about 3 s, and closes',
    async run(tools) {
      const streams: EventStream[] = []
      const host = await tools.serve(({ sse }) => {
        streams.push(sse())
      })
      const clients = [await tools.open(), await tools.open(), await tools.open({ method: 'POST', body: {} })]
      await host.close()
      for (const client of clients) {
        const retry = retryOf(await client.ends())
        assert.ok(retry >= 1_500 && retry <= 4_500, `retry: ${retry}`)
      }
      assert.ok(streams.every((stream) => stream.signal.reason.code === 'ERR_SSE_SHUTDOWN'))
    },
  },
  {
    name: "sends each stream's retry first, and a similar one at a shutdown",
    async run(tools) {
      const host = await tools.serve(({ sse }) => void sse({ retry: 20_000 }), { drain: 100 })
      const clients = await Promise.all(Array.from({ length: 8 }, () => tools.open()))
      for (const client of clients) {
        await client.receives(':\n\n')
        assert.equal(retryOf(client.text), 20_000)
      }
      await host.close()
      const retries = await Promise.all(clients.map(async (client) => retryOf(await client.ends())))
      assert.ok(
        retries.every((retry) => retry >= 10_000 && retry <= 30_000),
        String(retries),
      )
    },
  },
  {
    name: 'sends buffered events before it ends a stream at a shutdown',
    async run(tools) {
      const host = await tools.serve(({ sse }) => {
        void sse().send('before')
      })
      const client = await tools.open()
      await host.close()
      await client.ends()
      assert.deepEqual(client.data, ['before'])
    },
  },
  {
    name: 'closes without waiting for a client that does not read, or for an idle source',
    async run(tools) {
      let stream: EventStream | undefined
      const over = deferred()
      const host = await tools.serve(async ({ sse, request }) => {
        if (request.method === 'GET') {
          stream = sse({ maxBufferedBytes: 100_000_000 })
          for (let n = 0; n < 500; n++) void stream.send('x'.repeat(64_000))
        } else {
          await sse(new ReadableStream<string>())
          over.resolve()
        }
      })
      const stalled = await tools.open()
      stalled.pause()
      await tools.open({ method: 'POST', body: {} })
      await host.close()
      await over.promise
      assert.equal(stream?.signal.reason.code, 'ERR_SSE_SHUTDOWN')
    },
  },
  {
    name: 'spreads the ends over the drain, without a longer retry for any client',
    async run(tools) {
      const drain = 300
      const host = await tools.serve(({ sse }) => void sse(), { drain })
      const clients = await Promise.all(Array.from({ length: 8 }, () => tools.open()))
      const ends: number[] = []
      const allEnded = Promise.all(clients.map((client, n) => client.ends().then(() => ends.push(n))))
      const closing = host.close()
      await eventually('the first end', () => ends.length > 0)
      const early = ends.length
      await closing
      await allEnded
      assert.ok(early < clients.length, 'all ended at once')
      const retries = clients.map(({ text }) => retryOf(text))
      assert.ok(
        retries.every((retry) => retry >= 1_500 && retry <= 4_500),
        String(retries),
      )
      assert.ok(new Set(retries).size > 1, 'every client got the same retry')
    },
  },
  {
    name: 'answers a request for a stream during the shutdown with 200, retry and the end',
    async run(tools) {
      const arrived = deferred()
      const go = deferred()
      const codes: string[] = []
      const host = await tools.serve(async ({ sse }) => {
        arrived.resolve()
        await go.promise
        const { signal } = sse()
        signal.addEventListener('abort', () => codes.push(signal.reason.code))
      })
      const request = tools.send()
      await arrived.promise
      const closing = host.close()
      await new Promise((resolve) => setTimeout(resolve, 20))
      go.resolve()
      const client = await request.response
      assert.equal(client.status, 200)
      assert.equal(client.headers['content-type'], 'text/event-stream')
      assert.ok(retryOf(await client.ends()) >= 1_000)
      assert.deepEqual(codes, ['ERR_SSE_SHUTDOWN'])
      await closing
    },
  },
]
