import assert from 'node:assert/strict'
import { createHub, createRuns, type EventStream } from '@downstream/core'
import { eventually } from '../eventually.ts'
import { deferred, type SuiteCase, type SuiteTools } from './suite-case.ts'
import type { SuiteClient } from './suite-client.ts'

/** Opens a long poll, and returns its answer once that has ended. */
async function answerOf(tools: SuiteTools, wait: number, lastEventId?: string): Promise<SuiteClient> {
  const id = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
  const client = await tools.open({ headers: { prefer: `wait=${wait}`, ...id } })
  await client.ends()
  assert.ok(client.isComplete)
  return client
}

/** Long polling: a finite response from the route of a stream. */
export const pollCases: SuiteCase[] = [
  {
    name: 'answers Prefer: wait with the first events, the applied wait and a retry, and ends',
    async run(tools) {
      const streams: EventStream[] = []
      await tools.serve(({ sse }) => {
        const stream = sse({ abruptEnd: true })
        streams.push(stream)
        for (const id of ['1', '2']) void stream.send({ id, data: `after ${stream.lastEventId}` })
      })
      const first = await answerOf(tools, 20)
      assert.equal(first.status, 200)
      assert.equal(first.headers['content-type'], 'text/event-stream')
      assert.equal(first.headers['preference-applied'], 'wait=20')
      assert.deepEqual(first.data, ['after ', 'after '])
      assert.match(first.text, /\nretry: 500\n\n$/)
      await eventually('the signal', () => streams[0]?.signal.reason?.code === 'ERR_SSE_CLOSED')
      const second = await answerOf(tools, 999, '2')
      assert.equal(second.headers['preference-applied'], 'wait=60')
      assert.deepEqual(second.data, ['after 2', 'after 2'])
    },
  },
  {
    name: 'ends a long poll after its wait if there are no events',
    async run(tools) {
      await tools.serve(({ sse }) => void sse({ keepAlive: 100 }))
      const client = await answerOf(tools, 1)
      assert.deepEqual(client.data, [])
    },
  },
  {
    name: 'stops the source of a long poll after its first events, and the next poll continues after them',
    async run(tools) {
      const stopped: string[] = []
      await tools.serve(({ sse }) => {
        async function* count({ lastEventId, signal }: EventStream) {
          let id = Number(lastEventId)
          try {
            yield { id: ++id, data: id }
            // No more events: only the end of the answer wakes it.
            await new Promise((resolve) => signal.addEventListener('abort', resolve))
          } finally {
            stopped.push(lastEventId)
          }
        }
        return sse(count)
      })
      const first = await answerOf(tools, 20)
      assert.deepEqual(first.data, ['1'])
      await eventually('the end of the source', () => stopped.length === 1)
      const second = await answerOf(tools, 20, first.events.at(-1)?.id)
      assert.deepEqual(second.data, ['2'])
    },
  },
  {
    name: 'ends a long poll with its source, and does not ask the client to poll again soon',
    async run(tools) {
      await tools.serve(({ sse }) => sse([]))
      const client = await answerOf(tools, 20)
      assert.doesNotMatch(client.text, /retry: 500/)
    },
  },
  {
    name: 'reads the wait from a query parameter only if the app allows it',
    async run(tools) {
      await tools.serve(({ sse, request }) => {
        const stream = sse(request.url?.startsWith('/allowed') ? { waitParameter: 'wait' } : {})
        void stream.send('first')
      })
      const allowed = await tools.open({ path: '/allowed?wait=20' })
      await allowed.ends()
      assert.equal(allowed.headers['preference-applied'], 'wait=20')
      const stream = await tools.open({ path: '/?wait=20' })
      await stream.receives('data: first\n\n')
      assert.equal(stream.headers['preference-applied'], undefined)
    },
  },
  {
    name: 'answers a long poll of a hub with the events after its id, with the next events, or with the current cursor',
    async run(tools) {
      const hub = createHub()
      await tools.serve(({ sse }) => {
        const stream = sse()
        // This does not end the answer, because the hub feeds the stream.
        void stream.send({ event: 'hello', data: '' })
        hub.subscribe(stream, 'news')
      })
      const idle = await answerOf(tools, 0)
      const { id = '' } = idle.events.at(-1) ?? {}
      assert.deepEqual([id, idle.events.at(-1)?.event, idle.data.join('')], [hub.cursor(), 'bookmark', ''])
      for (const data of ['1', '2']) await hub.publish('news', { data })
      const missed = await answerOf(tools, 20, id)
      assert.deepEqual(missed.data, ['', '1', '2'])
      const waiting = tools.open({ headers: { prefer: 'wait=20', 'last-event-id': hub.cursor() } })
      await eventually('the subscription', () => hub.stats().streams === 1)
      // If the event `hello` ended the answer, it would have ended by then.
      await new Promise((resolve) => setTimeout(resolve, 500))
      await hub.publish('news', { data: '3' })
      const client = await waiting
      await client.ends()
      assert.deepEqual(client.data, ['', '3'])
      await hub.close()
    },
  },
  {
    name: 'ends an idle long poll of a hub with the current cursor, after events on other channels',
    async run(tools) {
      const hub = createHub()
      await tools.serve(({ sse }) => void hub.subscribe(sse(), 'news'))
      await hub.publish('news', { data: '1' })
      for (;;) {
        const waiting = tools.open({ headers: { prefer: 'wait=1', 'last-event-id': hub.cursor() } })
        await eventually('the subscription', () => hub.stats().streams === 1)
        // By now it has caught up: only the end of the wait can send a later cursor.
        await new Promise((resolve) => setTimeout(resolve, 200))
        await hub.publish('sports', { data: '2' })
        const hasWaited = hub.stats().streams === 1
        const client = await waiting
        await client.ends()
        await eventually('the end', () => hub.stats().streams === 0)
        // On a busy machine the poll may have ended before the event.
        if (!hasWaited) continue
        // Bookmarks only. On a busy machine an earlier one may come before the one at the end.
        assert.deepEqual([...new Set(client.data)], [''])
        assert.equal(client.events.at(-1)?.id, hub.cursor())
        break
      }
      await hub.close()
    },
  },
  {
    name: 'keeps the response to a long poll below 256 KB, and loses nothing',
    async run(tools) {
      const hub = createHub()
      await tools.serve(({ sse }) => void hub.subscribe(sse(), 'news'))
      let id = hub.cursor()
      const sent = Array.from({ length: 100 }, (_, n) => `${n} ${'x'.repeat(10_000)}`)
      for (const data of sent) await hub.publish('news', { data })
      const received: string[] = []
      for (let polls = 0; received.length < sent.length && polls < 10; polls++) {
        const client = await answerOf(tools, 20, id)
        assert.ok(client.text.length <= 262_144 + 200)
        received.push(...client.data)
        id = client.events.at(-1)?.id ?? id
      }
      assert.deepEqual(received, sent)
      await hub.close()
    },
  },
  {
    name: 'answers a long poll of a run with its events so far, and the last poll with the end of the run',
    async run(tools) {
      const runs = createRuns()
      const go = deferred()
      await runs.start('answer', async function* () {
        yield 'a'
        yield 'b'
        await go.promise
        yield 'c'
      })
      await tools.serve(({ sse }) => runs.follow(sse(), 'answer'))
      const received: string[] = []
      let id: string | undefined
      do {
        const client = await answerOf(tools, 20, id)
        assert.equal(client.headers['preference-applied'], 'wait=20')
        received.push(...client.events.map(({ event, data }) => (event === 'end' ? 'end' : data)))
        id = client.events.at(-1)?.id
        if (received.includes('b')) go.resolve()
      } while (!received.includes('end'))
      assert.deepEqual(received, ['a', 'b', 'c', 'end'])
      await runs.close()
    },
  },
]
