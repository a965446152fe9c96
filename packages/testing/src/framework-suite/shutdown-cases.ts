import assert from 'node:assert/strict'
import type { EventStream } from '@downstream/core'
import { eventually } from '../eventually.ts'
import { deferred, type SuiteCase } from './suite-case.ts'

/** What a client was told about when to come back. */
function retryOf(text: string): number {
  return Number(/^retry: (\d+)$/m.exec(text)?.[1])
}

/** The app goes down with streams open. */
export const shutdownCases: SuiteCase[] = [
  {
    name: 'ends open streams, each told to come back in 1 to 5 s, and closes',
    async run(tools) {
      const streams: EventStream[] = []
      const host = await tools.serve(({ sse }) => {
        streams.push(sse())
      })
      const clients = [await tools.open(), await tools.open(), await tools.open({ method: 'POST', body: {} })]
      await host.close()
      for (const client of clients) {
        const retry = retryOf(await client.ends())
        assert.ok(retry >= 1_000 && retry <= 5_000, `retry: ${retry}`)
      }
      assert.ok(streams.every((stream) => stream.signal.reason.code === 'ERR_SSE_SHUTDOWN'))
    },
  },
  {
    name: 'sends what was buffered before the end',
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
    name: 'is not held up by a client that does not read, nor by an idle source',
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
    name: 'spreads the ends over the drain, and nobody comes back within it',
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
        retries.every((retry) => retry >= 1_000 && retry <= 5_000 + drain),
        String(retries),
      )
      assert.ok(new Set(retries).size > 1, 'every client was told the same')
    },
  },
  {
    name: 'answers a stream asked for during the shutdown with 200, retry and the end',
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
