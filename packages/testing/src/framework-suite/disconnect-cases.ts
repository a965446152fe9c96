import assert from 'node:assert/strict'
import type { EventStream } from '@downstream/core'
import { eventually } from '../eventually.ts'
import { deferred, type SuiteCase } from './suite-case.ts'
import type { RequestOptions } from './suite-client.ts'

const requests: [what: string, request: RequestOptions][] = [
  ['a GET', {}],
  ['a POST whose body was parsed', { method: 'POST', body: { question: 'why' } }],
]

/** The code of the reason why a stream ended; undefined while it is open. */
function reasonOf(stream: EventStream | undefined): string | undefined {
  return stream?.signal.aborted ? stream.signal.reason.code : undefined
}

/** The end of a stream, and of everything that depends on it. */
export const disconnectCases: SuiteCase[] = [
  ...requests.map(
    ([what, request]): SuiteCase => ({
      name: `aborts the signal once when the client of ${what} disconnects`,
      async run(tools) {
        let aborts = 0
        let stream: EventStream | undefined
        await tools.serve(({ sse }) => {
          stream = sse()
          stream.signal.addEventListener('abort', () => aborts++)
        })
        const client = await tools.open(request)
        await client.receives(':\n\n')
        assert.equal(reasonOf(stream), undefined)
        client.destroy()
        await eventually('the signal', () => stream?.signal.aborted)
        assert.equal(reasonOf(stream), 'ERR_SSE_CLIENT_CLOSED')
        assert.equal(stream?.closed, true)
        assert.equal(await stream?.send('late'), false)
        assert.equal(await stream?.comment('late'), false)
        stream?.close()
        assert.equal(aborts, 1)
        assert.equal(reasonOf(stream), 'ERR_SSE_CLIENT_CLOSED')
      },
    }),
  ),
  ...requests.map(
    ([what, request]): SuiteCase => ({
      name: `opens a closed stream when the client of ${what} has already disconnected`,
      async run(tools) {
        const arrived = deferred()
        const disconnected = deferred()
        const opened = deferred<EventStream>()
        let started = false
        await tools.serve(async ({ sse, response }) => {
          response.on('close', () => disconnected.resolve())
          arrived.resolve()
          await disconnected.promise
          const stream = sse()
          await stream.sendAll(() => {
            started = true
            return ['x']
          })
          opened.resolve(stream)
        })
        const client = tools.send(request)
        await arrived.promise
        client.destroy()
        const stream = await opened.promise
        assert.equal(stream.closed, true)
        assert.equal(await stream.send('x'), false)
        assert.equal(started, false)
        await eventually('the signal', () => reasonOf(stream) === 'ERR_SSE_CLIENT_CLOSED')
      },
    }),
  ),
  {
    name: 'settles every pending send when a stalled client resets the connection',
    async run(tools) {
      const waiting: Promise<boolean>[] = []
      let stream: EventStream | undefined
      await tools.serve(({ sse }) => {
        stream = sse()
      })
      const client = await tools.open()
      client.pause()
      const full = deferred()
      const fill = async () => {
        for (let room = true; room; ) {
          const sent = stream?.send('x'.repeat(60_000)) ?? Promise.resolve(false)
          room = await Promise.race([sent, new Promise<false>((resolve) => setTimeout(resolve, 200, false))])
          if (!room) waiting.push(sent)
        }
        full.resolve()
      }
      void fill()
      await full.promise
      assert.equal(reasonOf(stream), undefined)
      waiting.push(stream?.send('more') ?? Promise.resolve(true))
      client.destroy()
      assert.deepEqual(await Promise.all(waiting), [false, false])
    },
  },
  {
    name: 'treats a half-closed connection as a disconnect',
    only: 'http/1.1',
    async run(tools) {
      let stream: EventStream | undefined
      await tools.serve(({ sse }) => {
        stream = sse()
      })
      const client = await tools.connect()
      client.get('/')
      await client.receives(':\n\n')
      client.halfClose()
      await eventually('the signal', () => reasonOf(stream) === 'ERR_SSE_CLIENT_CLOSED')
      await client.ends()
    },
  },
  {
    name: 'notices the disconnect of pipelined requests, whose responses have no socket yet',
    only: 'http/1.1',
    async run(tools) {
      const streams: EventStream[] = []
      await tools.serve(({ sse }) => {
        streams.push(sse())
      })
      const client = await tools.connect()
      const request = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'
      client.write(request + request)
      await eventually('both streams', () => streams.length === 2)
      client.reset()
      await eventually('both ends', () =>
        streams.every((stream) => reasonOf(stream) === 'ERR_SSE_CLIENT_CLOSED'),
      )
    },
  },
  {
    name: 'sends a pipelined stream once the first stream has ended',
    only: 'http/1.1',
    async run(tools) {
      const streams: EventStream[] = []
      await tools.serve(({ sse }) => {
        streams.push(sse())
      })
      const client = await tools.connect()
      const request = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'
      client.write(request + request)
      await eventually('both streams', () => streams.length === 2)
      streams[1]?.send('second')
      streams[0]?.send('first')
      streams[0]?.close()
      await client.receives('data: second')
      assert.ok(client.text.indexOf('data: first') < client.text.indexOf('data: second'))
    },
  },
  {
    name: 'close() sends buffered events and ends; a second close() and late sends have no effect',
    async run(tools) {
      let stream: EventStream | undefined
      const results: Promise<boolean>[] = []
      await tools.serve(({ sse }) => {
        stream = sse()
        stream.send('last')
        stream.close()
        stream.close()
        results.push(stream.send('late'), stream.comment('late'))
      })
      const client = await tools.open()
      assert.equal(await client.ends(), 'retry: 3000\n:\n\ndata: last\n\n')
      assert.equal(reasonOf(stream), 'ERR_SSE_CLOSED')
      assert.deepEqual(await Promise.all(results), [false, false])
    },
  },
  {
    name: 'ends the stream without an error when other code ends the response',
    async run(tools) {
      let stream: EventStream | undefined
      await tools.serve(async ({ sse, response }) => {
        stream = sse()
        await stream.send('a')
        await new Promise((resolve) => setTimeout(resolve, 50))
        response.end()
        await stream.send('b')
        stream.close()
      })
      const client = await tools.open()
      await client.ends()
      await eventually('the end', () => reasonOf(stream))
      assert.deepEqual(client.data, ['a'])
    },
  },
  {
    name: 'ends a stream at its maxAge',
    async run(tools) {
      let stream: EventStream | undefined
      await tools.serve(({ sse }) => {
        stream = sse({ maxAge: 150 })
      })
      const client = await tools.open()
      await client.ends()
      assert.equal(reasonOf(stream), 'ERR_SSE_MAX_AGE')
    },
  },
  {
    name: 'ends the stream when the handler throws after it was opened',
    async run(tools) {
      let stream: EventStream | undefined
      const host = await tools.serve(({ sse }) => {
        stream = sse()
        stream.send('a')
        throw new Error('late')
      })
      tools.send()
      await eventually('the end', () => reasonOf(stream))
      await eventually('the error', () => host.errors.length > 0)
      assert.equal(host.errors.length, 1)
    },
  },
]
