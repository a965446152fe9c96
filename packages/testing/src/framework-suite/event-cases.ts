import assert from 'node:assert/strict'
import type { ServerSentEvent, SseErrorCode } from '@downstream/core'
import type { SuiteCase } from './suite-case.ts'

type Sent = ServerSentEvent | string

const roundTrips: [what: string, sent: Sent, data: string, rest?: { event?: string; id?: string }][] = [
  ['a string', 'hello', 'hello'],
  ["the empty string ''", '', ''],
  ["'\\n' as two empty lines", '\n', '\n'],
  ['lines ended by LF, CR and CRLF, the last one empty', 'a\nb\rc\r\nd\n', 'a\nb\nc\nd\n'],
  ['text that looks like fields', 'x\nevent: forged\nid: 7\n\ndata: y', 'x\nevent: forged\nid: 7\n\ndata: y'],
  ['leading blanks', '  a', '  a'],
  ['a leading U+FEFF', '\uFEFFa', '\uFEFFa'],
  ['characters of all lengths in UTF-8', 'aé…😀', 'aé…😀'],
  ['a lone surrogate as U+FFFD', 'a\uD800b', 'a\uFFFDb'],
  ['U+2028 as it is in a string', 'a\u2028b', 'a\u2028b'],
  ['NUL in data', 'a\0b', 'a\0b'],
  ['an object as JSON', { data: { a: [1, 'two'] } }, '{"a":[1,"two"]}'],
  ['null, false and 0 as JSON', { data: [null, false, 0] }, '[null,false,0]'],
  [
    'a name, an id and a comment',
    { event: 'time', id: 'x-1', data: 'd', comment: 'c' },
    'd',
    { event: 'time', id: 'x-1' },
  ],
  ['the id 0', { id: 0, data: 'd' }, 'd', { id: '0' }],
  ["the id '', which resets", { id: '', data: 'd' }, 'd', { id: '' }],
  ['a megabyte', 'x'.repeat(1_000_000), 'x'.repeat(1_000_000)],
]

const refused: [what: string, sent: unknown, code: SseErrorCode][] = [
  ['a newline in the event name', { event: 'a\ndata: x', data: '' }, 'ERR_SSE_INVALID_EVENT_NAME'],
  ['a CR in the event name', { event: 'a\rb', data: '' }, 'ERR_SSE_INVALID_EVENT_NAME'],
  ['NUL in the event name', { event: 'a\0', data: '' }, 'ERR_SSE_INVALID_EVENT_NAME'],
  ['a newline in the id', { id: '1\n', data: '' }, 'ERR_SSE_INVALID_ID'],
  ['NUL in the id', { id: '\0', data: '' }, 'ERR_SSE_INVALID_ID'],
  ['an id that no header carries', { id: ' padded ', data: '' }, 'ERR_SSE_INVALID_ID'],
  ['an id of 300 characters', { id: 'x'.repeat(300), data: '' }, 'ERR_SSE_INVALID_ID'],
  ['a retry of text', { retry: '10\ndata: x', data: '' }, 'ERR_SSE_INVALID_RETRY'],
  ['a retry of NaN', { retry: Number.NaN }, 'ERR_SSE_INVALID_RETRY'],
  ['a negative retry', { retry: -1 }, 'ERR_SSE_INVALID_RETRY'],
  ['a fractional retry', { retry: 1.5 }, 'ERR_SSE_INVALID_RETRY'],
  ['no data', { event: 'a' }, 'ERR_SSE_INVALID_EVENT'],
  ['data undefined', { data: undefined }, 'ERR_SSE_INVALID_EVENT'],
  ['an event of undefined', undefined, 'ERR_SSE_INVALID_EVENT'],
  ['data of BigInt', { data: 1n }, 'ERR_SSE_INVALID_DATA'],
  ['data of a function', { data: () => 1 }, 'ERR_SSE_INVALID_DATA'],
]

/** The event stream format, parsed by a parser that is not ours. */
export const eventCases: SuiteCase[] = [
  ...roundTrips.map(
    ([what, sent, data, rest]): SuiteCase => ({
      name: `carries ${what}`,
      async run(tools) {
        await tools.serve(({ sse }) => sse([sent, 'next']))
        const client = await tools.open()
        await client.ends()
        assert.deepEqual(client.events, [
          { event: rest?.event ?? 'message', data, id: rest?.id },
          { event: 'message', data: 'next', id: undefined },
        ])
        assert.ok(!client.text.includes('\r'), 'LF is the only line end')
      },
    }),
  ),
  {
    name: 'refuses events that cannot be sent as given, with a code; no byte of them is sent and the stream stays usable',
    async run(tools) {
      const codes: unknown[] = []
      await tools.serve(({ sse }) => {
        const stream = sse()
        for (const [what, sent] of refused) {
          try {
            stream.send(sent as Sent)
            codes.push(`${what}: not refused`)
          } catch (error) {
            codes.push((error as { code: string }).code)
          }
        }
        stream.send('good')
        stream.close()
      })
      const client = await tools.open()
      assert.equal(await client.ends(), 'retry: 3000\n:\n\ndata: good\n\n')
      assert.deepEqual(
        codes,
        refused.map(([, , code]) => code),
      )
    },
  },
  {
    name: 'refuses a cycle, and a toJSON that throws, with the cause',
    async run(tools) {
      const causes: unknown[] = []
      const cycle: { self?: unknown } = {}
      cycle.self = cycle
      await tools.serve(({ sse }) => {
        const stream = sse()
        for (const data of [cycle, { toJSON: () => assert.fail('no') }]) {
          try {
            stream.send({ data })
          } catch (error) {
            causes.push((error as Error).cause !== undefined)
          }
        }
        stream.close()
      })
      await (await tools.open()).ends()
      assert.deepEqual(causes, [true, true])
    },
  },
  {
    name: 'keeps the order of what is sent in one tick, and before the headers are sent',
    async run(tools) {
      const numbers = Array.from({ length: 500 }, (_, n) => String(n))
      await tools.serve(({ sse }) => {
        const stream = sse()
        for (const n of numbers) stream.send(n)
        stream.close()
      })
      const client = await tools.open()
      await client.ends()
      assert.deepEqual(client.data, numbers)
    },
  },
  {
    name: 'keeps each event whole when several senders and comments interleave',
    async run(tools) {
      await tools.serve(async ({ sse }) => {
        const stream = sse()
        async function* lines(name: string) {
          for (let n = 0; n < 100; n++) {
            if (n % 10 === 0) await new Promise((resolve) => setImmediate(resolve))
            yield { event: name, data: `${name}\n${n}` }
          }
        }
        await Promise.all([
          stream.sendAll(lines('a')),
          stream.sendAll(lines('b')),
          ...Array.from({ length: 50 }, (_, n) => stream.comment(`c${n}\ndata: no`)),
        ])
        stream.close()
      })
      const client = await tools.open()
      await client.ends()
      for (const name of ['a', 'b']) {
        const data = client.events.filter(({ event }) => event === name).map((event) => event.data)
        assert.deepEqual(
          data,
          Array.from({ length: 100 }, (_, n) => `${name}\n${n}`),
        )
      }
      assert.equal(client.events.length, 200)
    },
  },
  {
    name: 'sends { retry } alone as one line that dispatches nothing',
    async run(tools) {
      await tools.serve(({ sse }) => sse([{ retry: 0 }]))
      const client = await tools.open()
      assert.equal(await client.ends(), 'retry: 3000\n:\n\nretry: 0\n')
    },
  },
  {
    name: 'sends a comment when nothing else was written for keepAlive ms',
    async run(tools) {
      await tools.serve(({ sse }) => sse(), { keepAlive: 50 })
      const client = await tools.open()
      await client.receives(':\n\n:\n\n:\n\n')
      assert.deepEqual(client.events, [])
    },
  },
]
