import assert from 'node:assert/strict'
import type { EventStream, EventStreamOptions } from '@downstream/core'
import { eventually } from '../eventually.ts'
import { deferred, type SuiteCase, type SuiteTools } from './suite-case.ts'
import type { SuiteClient } from './suite-client.ts'

const LAST = 'x'.repeat(100_000)

/**
 * Opens a stream, sends data that may still be buffered when `end` ends the stream, and returns the client once it has
 * noticed the end.
 */
async function ended(
  tools: SuiteTools,
  options: EventStreamOptions,
  end: (stream: EventStream) => unknown,
): Promise<SuiteClient> {
  const opened = deferred<EventStream>()
  await tools.serve(({ sse }) => {
    const stream = sse(options)
    void stream.send({ id: '1', data: LAST })
    opened.resolve(stream)
  })
  const client = await tools.open()
  const stream = await opened.promise
  await end(stream)
  await client.ends()
  assert.deepEqual(client.data, [LAST])
  await eventually('the signal aborting', () => stream.signal.aborted)
  return client
}

/** How a stream ends for its client: with the end of the body, or cut off. */
export const endCases: SuiteCase[] = [
  {
    name: 'ends the body on close()',
    async run(tools) {
      const client = await ended(tools, {}, (stream) => stream.close())
      assert.ok(client.isComplete)
    },
  },
  {
    name: 'with abruptEnd sends buffered events on close(), and cuts the connection before the end of the body',
    async run(tools) {
      const client = await ended(tools, { abruptEnd: true }, (stream) => stream.close())
      assert.ok(!client.isComplete)
    },
  },
  {
    name: 'accepts abruptEnd for a single close()',
    async run(tools) {
      const client = await ended(tools, {}, (stream) => stream.close({ abruptEnd: true }))
      assert.ok(!client.isComplete)
      const other = await ended(tools, { abruptEnd: true }, (stream) => stream.close({ abruptEnd: false }))
      assert.ok(other.isComplete)
    },
  },
  {
    name: 'with abruptEnd cuts the connection at maxAge and at a shutdown, after the retry',
    async run(tools) {
      const old = await ended(tools, { abruptEnd: true, maxAge: 100 }, () => {})
      assert.ok(!old.isComplete)
      const away = await ended(tools, { abruptEnd: true }, () => tools.host.close())
      assert.ok(!away.isComplete)
      assert.match(away.text, /\nretry: \d+\n\n(:\n\n)?$/)
    },
  },
  {
    name: 'with abruptEnd ends the response after the cut, for middleware that saves or logs at the end',
    async run(tools) {
      let calls = 0
      const opened = deferred<EventStream>()
      await tools.serve(({ sse, response }) => {
        const { end } = response
        response.end = function (this: typeof response, ...args: unknown[]) {
          calls++
          return Reflect.apply(end, this, args)
        } as typeof response.end
        opened.resolve(sse({ abruptEnd: true }))
      })
      const client = await tools.open()
      ;(await opened.promise).close()
      await client.ends()
      assert.ok(!client.isComplete)
      await eventually('the end of the response', () => calls === 1)
    },
  },
  {
    name: 'with abruptEnd ends the body normally for a HEAD request and for a source that has ended',
    async run(tools) {
      await tools.serve(({ sse, request }) => {
        if (request.method === 'HEAD') sse({ abruptEnd: true })
        else void sse([LAST], { abruptEnd: true })
      })
      for (const method of ['HEAD', 'GET']) {
        const client = await tools.open({ method })
        await client.ends()
        assert.ok(client.isComplete)
        assert.deepEqual(client.data, method === 'HEAD' ? [] : [LAST])
      }
    },
  },
  {
    name: 'with abruptEnd cuts the connection when a source has failed',
    async run(tools) {
      const { errors } = await tools.serve(({ sse }) => {
        async function* failing() {
          yield LAST
          throw new Error('broken')
        }
        void sse(failing(), { abruptEnd: true })
      })
      const client = await tools.open()
      await client.ends()
      assert.ok(!client.isComplete)
      assert.deepEqual(client.data, [LAST])
      await eventually('the error', () => errors.length === 1)
    },
  },
  {
    name: 'sends a heartbeat instead of comments, even if other data is sent',
    async run(tools) {
      await tools.serve(({ sse }) => {
        const stream = sse({ keepAlive: 300, heartbeat: 'ping' })
        const busy = setInterval(() => stream.comment('busy'), 50)
        stream.signal.addEventListener('abort', () => clearInterval(busy))
      })
      const client = await tools.open()
      await eventually('three heartbeats', () => client.events.length >= 3)
      assert.ok(client.events.every(({ event, data }) => event === 'ping' && data === ''))
    },
  },
]
