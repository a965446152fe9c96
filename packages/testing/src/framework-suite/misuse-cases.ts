import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import type { EventStreamOptions, SseErrorCode } from '@downstream/core'
import type { Exchange } from './framework-host.ts'
import type { SuiteCase } from './suite-case.ts'

const calls: [what: string, code: SseErrorCode, call: (sse: Exchange['sse']) => unknown][] = [
  ['a number as a source', 'ERR_SSE_INVALID_SOURCE', (sse) => sse(42 as never)],
  ['a string as a source', 'ERR_SSE_INVALID_SOURCE', (sse) => sse('text' as never)],
  ['a promise as a source', 'ERR_SSE_INVALID_SOURCE', (sse) => sse(Promise.resolve(['x']) as never)],
  ['bytes as a source', 'ERR_SSE_INVALID_SOURCE', (sse) => sse(Buffer.from('x') as never)],
  ['null', 'ERR_SSE_INVALID_SOURCE', (sse) => sse(null as never)],
  ['a retry of text', 'ERR_SSE_INVALID_OPTION', (sse) => sse({ retry: '1' } as never)],
  ['a negative keepAlive', 'ERR_SSE_INVALID_OPTION', (sse) => sse({ keepAlive: -1 })],
  ['maxBufferedBytes of NaN', 'ERR_SSE_INVALID_OPTION', (sse) => sse({ maxBufferedBytes: Number.NaN })],
  [
    'a Content-Type of its own',
    'ERR_SSE_INVALID_OPTION',
    (sse) => sse(['x'], { headers: { 'content-type': 'text/plain' } }),
  ],
  ['a line break in a header', 'ERR_SSE_INVALID_OPTION', (sse) => sse({ headers: { 'X-A': 'a\r\nb' } })],
  ['an event instead of options', 'ERR_SSE_INVALID_SOURCE', (sse) => sse({ data: 1 } as never)],
  ['an unknown option', 'ERR_SSE_INVALID_OPTION', (sse) => sse({ keepalive: 1 } as never)],
  [
    'a serialize that is not a function',
    'ERR_SSE_INVALID_OPTION',
    (sse) => sse({ serialize: 'json' } as never as EventStreamOptions),
  ],
  ['a refusal in an unknown way', 'ERR_SSE_INVALID_OPTION', (sse) => sse.refuse('never' as never)],
]

function codeOf(call: () => unknown): unknown {
  try {
    call()
    return undefined
  } catch (error) {
    return (error as { code: unknown }).code
  }
}

/** Wrong calls: each throws at once, and the framework can still use the response. */
export const misuseCases: SuiteCase[] = [
  ...calls.map(
    ([what, code, call]): SuiteCase => ({
      name: `refuses ${what} with ${code}, and the response can still be used`,
      async run(tools) {
        const codes: unknown[] = []
        await tools.serve(({ sse }) => {
          codes.push(codeOf(() => call(sse)))
          return sse(['good'])
        })
        const client = await tools.open()
        await client.ends()
        assert.deepEqual(codes, [code])
        assert.deepEqual(client.data, ['good'])
      },
    }),
  ),
  {
    name: 'refuses a second call with ERR_SSE_ALREADY_OPEN, and the first stream stays open',
    async run(tools) {
      const codes: unknown[] = []
      const unread = new Readable({ read() {} })
      await tools.serve(({ sse }) => {
        const stream = sse()
        codes.push(
          codeOf(() => sse()),
          codeOf(() => sse(['x'])),
          codeOf(() => sse(unread)),
        )
        stream.send('first')
        stream.close()
        codes.push(codeOf(() => sse()))
      })
      const client = await tools.open()
      assert.equal(await client.ends(), 'retry: 3000\n:\n\ndata: first\n\n')
      assert.deepEqual(codes, Array(4).fill('ERR_SSE_ALREADY_OPEN'))
      assert.ok(unread.destroyed, 'the source is stopped')
    },
  },
  {
    name: 'refuses a response whose headers have been sent with ERR_SSE_HEADERS_SENT, and writes nothing to it',
    async run(tools) {
      const codes: unknown[] = []
      await tools.serve(({ sse, response }) => {
        response.writeHead(200, { 'content-type': 'text/plain' })
        codes.push(codeOf(() => sse(['x'])))
        response.end('plain')
      })
      const client = await tools.open()
      assert.equal(await client.ends(), 'plain')
      assert.deepEqual(codes, ['ERR_SSE_HEADERS_SENT'])
    },
  },
]
