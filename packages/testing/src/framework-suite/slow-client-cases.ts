import assert from 'node:assert/strict'
import type { EventStream } from '@downstream/core'
import { eventually, standstill } from '../eventually.ts'
import type { SuiteCase } from './suite-case.ts'

const chunk = 'x'.repeat(64_000)

/** Clients that read slowly or not at all. */
export const slowClientCases: SuiteCase[] = [
  {
    name: 'ends a stream whose un-awaited sends go beyond maxBufferedBytes',
    async run(tools) {
      let stream: EventStream | undefined
      await tools.serve(({ sse }) => {
        stream = sse({ maxBufferedBytes: 500_000 })
      })
      const client = await tools.open()
      client.pause()
      let sent = 0
      await eventually('the end', () => {
        for (let n = 0; n < 100; n++) stream?.send(chunk)
        sent += 100 * chunk.length
        return stream?.closed
      })
      assert.equal(stream?.signal.reason.code, 'ERR_SSE_SLOW_CLIENT')
      assert.ok(sent < 100_000_000, `${sent} bytes were taken`)
      assert.equal(await stream?.send('late'), false)
    },
  },
  {
    name: 'lets one event larger than maxBufferedBytes through',
    async run(tools) {
      await tools.serve(({ sse }) => sse([chunk, 'next'], { maxBufferedBytes: 1_000 }))
      const client = await tools.open()
      await client.ends()
      assert.deepEqual(client.data, [chunk, 'next'])
    },
  },
  {
    name: 'makes code that awaits send() wait for the client, and loses nothing',
    async run(tools) {
      const total = 500
      let sent = 0
      let stream: EventStream | undefined
      await tools.serve(async ({ sse }) => {
        stream = sse({ maxBufferedBytes: 200_000 })
        while (sent < total && (await stream.send({ id: sent, data: chunk }))) sent++
        stream.close()
      })
      const client = await tools.open()
      client.pause()
      await standstill('the sender waiting', () => sent)
      assert.ok(sent < total, 'all was sent to a client that does not read')
      assert.equal(stream?.closed, false)
      client.resume()
      await client.ends()
      assert.deepEqual(
        client.events.map(({ id }) => id),
        Array.from({ length: total }, (_, n) => String(n)),
      )
    },
  },
  {
    name: 'delivers to a client that reads a few bytes at a time',
    only: 'http/1.1',
    async run(tools) {
      await tools.serve(({ sse }) => sse(Array.from({ length: 300 }, (_, n) => `${n} ${'y'.repeat(1_000)}`)))
      const client = await tools.connect()
      client.socket.pause()
      client.get('/')
      const timer = setInterval(() => {
        client.socket.resume()
        setImmediate(() => client.socket.pause())
      }, 1)
      try {
        await client.receives('0\r\n\r\n')
      } finally {
        clearInterval(timer)
      }
      assert.equal(client.events.length, 300)
    },
  },
]
