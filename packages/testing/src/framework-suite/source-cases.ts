import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import type { EventStream, Source } from '@downstream/core'
import { eventually, standstill } from '../eventually.ts'
import { deferred, type SuiteCase } from './suite-case.ts'

async function* generate(items: string[]) {
  for (const item of items) yield item
}

const smiley = Buffer.from('😀')

const sources: [what: string, make: () => Source, data: string[]][] = [
  ['an array', () => ['a', 'b'], ['a', 'b']],
  ['a Set', () => new Set(['a', 'b']), ['a', 'b']],
  ['an array of promises', () => [Promise.resolve('a'), Promise.resolve('b')], ['a', 'b']],
  ['an empty array', () => [], []],
  ['an async generator', () => generate(['a', 'b']), ['a', 'b']],
  ['a Readable of objects', () => Readable.from([{ data: 1 }, 'b']), ['1', 'b']],
  [
    'a Readable of bytes, a character cut in two',
    () =>
      Readable.from([smiley.subarray(0, 2), Buffer.concat([smiley.subarray(2), Buffer.from('!')])], {
        objectMode: false,
      }),
    ['😀!'],
  ],
  ['a web ReadableStream', () => new Blob(['a']).stream(), ['a']],
  ['a function that returns a source', () => () => ['a'], ['a']],
  ['a function that promises a source', () => async () => generate(['a']), ['a']],
  [
    'a generator function, given the stream',
    () =>
      async function* ({ lastEventId }) {
        yield `from ${lastEventId}`
      },
    ['from 7'],
  ],
  ['a function that sends events itself', () => async (stream) => void (await stream.send('a')), ['a']],
]

const failures: [what: string, source: (error: Error) => Source, before: string[]][] = [
  [
    'a function that throws at once',
    (error) => () => {
      throw error
    },
    [],
  ],
  [
    'a function that rejects',
    (error) => async () => {
      throw error
    },
    [],
  ],
  [
    'a generator that throws at once',
    (error) =>
      // biome-ignore lint/correctness/useYield: it throws before it could yield
      async function* () {
        throw error
      },
    [],
  ],
  [
    'a generator that throws later',
    (error) =>
      async function* () {
        yield 'a'
        await null
        throw error
      },
    ['a'],
  ],
  [
    'a Readable that breaks',
    (error) => () =>
      Readable.from(
        (function* () {
          yield 'a'
          throw error
        })(),
      ),
    ['a'],
  ],
]

/** Many events from one source. */
export const sourceCases: SuiteCase[] = [
  ...sources.map(
    ([what, make, data]): SuiteCase => ({
      name: `sends ${what} and ends`,
      async run(tools) {
        const over = deferred()
        await tools.serve(async ({ sse }) => {
          await sse(make())
          over.resolve()
        })
        const client = await tools.open({ headers: { 'last-event-id': '7' } })
        await client.ends()
        assert.deepEqual(client.data, data)
        await over.promise
      },
    }),
  ),
  ...failures.map(
    ([what, source, before]): SuiteCase => ({
      name: `passes the error of ${what} to the framework once, ends the stream, and sends nothing of it to the client`,
      async run(tools) {
        const error = new Error('internal detail')
        const host = await tools.serve(async ({ sse }) => {
          await sse(source(error))
        })
        const client = await tools.open()
        await client.ends()
        await eventually('the error', () => host.errors.length > 0)
        await new Promise((resolve) => setTimeout(resolve, 20))
        assert.deepEqual(host.errors, [error])
        assert.deepEqual(client.data, before)
        assert.ok(!client.text.includes('internal'), client.text)
      },
    }),
  ),
  {
    name: 'pulls events from a source at the pace of the client',
    async run(tools) {
      let pulled = 0
      await tools.serve(({ sse }) =>
        sse(
          (function* () {
            while (pulled < 2_000) yield { id: pulled++, data: 'x'.repeat(10_000) }
          })(),
        ),
      )
      const client = await tools.open()
      client.pause()
      await standstill('the source waiting', () => pulled)
      assert.ok(pulled < 1_500, `${pulled} of 2000 events pulled for a client that does not read`)
      client.resume()
      await client.ends()
      assert.deepEqual(
        client.events.map(({ id }) => id),
        Array.from({ length: 2_000 }, (_, n) => String(n)),
      )
    },
  },
  {
    name: 'refuses an item that is not an event, and stops the source',
    async run(tools) {
      const cleaned = deferred()
      const host = await tools.serve(({ sse }) =>
        sse(async function* () {
          try {
            yield 'a'
            yield 7 as unknown as string
          } finally {
            cleaned.resolve()
          }
        }),
      )
      const client = await tools.open()
      await client.ends()
      await cleaned.promise
      await eventually('the error', () => host.errors.length > 0)
      assert.equal((host.errors[0] as { code: string }).code, 'ERR_SSE_INVALID_EVENT')
      assert.deepEqual(client.data, ['a'])
    },
  },
  {
    name: 'leaves the stream open after sendAll()',
    async run(tools) {
      let stream: EventStream | undefined
      await tools.serve(async ({ sse }) => {
        stream = sse()
        await stream.sendAll(['a'])
        await stream.sendAll(generate(['b']))
        await stream.send('c')
        stream.close()
      })
      const client = await tools.open()
      await client.ends()
      assert.deepEqual(client.data, ['a', 'b', 'c'])
      assert.equal(stream?.closed, true)
    },
  },
]
