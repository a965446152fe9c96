import assert from 'node:assert/strict'
import type { EventStream, SseError } from '@downstream/core'
import { eventually } from '../eventually.ts'
import { deferred, type SuiteCase } from './suite-case.ts'

function codeOf(stream: EventStream): unknown {
  return (stream.signal.reason as SseError | undefined)?.code
}

/** Refused streams: their responses, the check of their origin, and refusals by the app itself. */
export const refusalCases: SuiteCase[] = [
  {
    name: 'keeps the headers that were set before, whatever the refusal is, and says what caches and clients may do',
    async run(tools) {
      await tools.serve(({ sse, setHeader, request }) => {
        setHeader('Access-Control-Allow-Origin', 'https://app.example')
        const how = String(request.headers['x-how'])
        return sse.refuse(how === 'later' || how === 'stop' ? how : Number(how))
      })
      for (const [how, status, mayRetry] of [
        ['later', 200, false],
        ['stop', 204, false],
        ['404', 404, false],
        ['429', 429, true],
        ['503', 503, true],
      ] as const) {
        const refused = await tools.open({ headers: { 'x-how': how } })
        assert.equal(refused.status, status)
        assert.equal(refused.headers['access-control-allow-origin'], 'https://app.example')
        assert.equal(refused.headers['cache-control'], status === 200 ? 'no-cache, no-transform' : 'no-store')
        assert.equal('retry-after' in refused.headers, mayRetry, how)
      }
    },
  },
  {
    name: 'returns a closed stream for a refused one, and calls no source',
    async run(tools) {
      const streams: EventStream[] = []
      let calls = 0
      const over = deferred()
      await tools.serve(
        async ({ sse, request }) => {
          if (request.method === 'GET') streams.push(sse())
          else {
            await sse(() => {
              calls++
              return ['never']
            })
            over.resolve()
          }
        },
        { limits: { total: 1 } },
      )
      await tools.open()
      await (await tools.open()).ends()
      await (await tools.open({ method: 'POST', body: {} })).ends()
      await over.promise
      assert.equal(calls, 0)
      const [open, refused] = streams as [EventStream, EventStream]
      assert.equal(open.closed, false)
      assert.equal(refused.closed, true)
      await eventually('the reason', () => codeOf(refused) === 'ERR_SSE_REFUSED')
      assert.equal(await refused.send('never'), false)
    },
  },
  {
    name: 'refuses pages of another origin with 403, and no other requests',
    async run(tools) {
      await tools.serve(({ sse }) => sse(), { origin: ['https://app.example'] })
      const statusFor = async (headers: Record<string, string>) => (await tools.open({ headers })).status
      assert.equal(await statusFor({}), 200)
      assert.equal(await statusFor({ origin: 'https://app.example', 'sec-fetch-site': 'cross-site' }), 200)
      assert.equal(await statusFor({ origin: 'https://own.example', 'sec-fetch-site': 'same-origin' }), 200)
      assert.equal(await statusFor({ 'sec-fetch-site': 'none' }), 200)
      assert.equal(await statusFor({ origin: 'https://app.example:8443' }), 403)
      assert.equal(await statusFor({ origin: 'null' }), 403)
      assert.equal(await statusFor({ 'sec-fetch-site': 'cross-site' }), 403)
      assert.equal(await statusFor({ 'sec-fetch-site': 'same-site' }), 403)
      assert.equal(tools.host.stats().refused.origin, 4)
    },
  },
  {
    name: 'asks a function about the origin, and opens no stream if it does not return a boolean',
    async run(tools) {
      let answer: unknown = true
      await tools.serve(({ sse }) => sse(), {
        origin: () => (typeof answer === 'function' ? answer() : answer),
      })
      const headers = { origin: 'https://app.example' }
      assert.equal((await tools.open({ headers })).status, 200)
      answer = false
      assert.equal((await tools.open({ headers })).status, 403)
      answer = Promise.resolve(true)
      tools.send({ headers })
      await eventually('the error', () => tools.host.errors.length === 1)
      assert.match(String(tools.host.errors[0]), /origin must return true or false; got a promise/i)
      answer = () => {
        throw new Error('no list')
      }
      tools.send({ headers })
      await eventually('the second error', () => tools.host.errors.length === 2)
      assert.equal((tools.host.errors[1] as SseError).code, 'ERR_SSE_INVALID_OPTION')
      assert.equal(tools.host.stats().opened, 1)
    },
  },
  {
    name: "refuses for the app's own reasons: refuse('later') and refuse('stop')",
    async run(tools) {
      const streams: EventStream[] = []
      await tools.serve(({ sse, request }) => {
        const stream = sse.refuse(request.method === 'POST' ? 'stop' : undefined)
        streams.push(stream)
        return stream
      })
      const later = await tools.open()
      assert.equal(later.status, 200)
      assert.match(await later.ends(), /^retry: \d+\n:\n\n$/)
      const stop = await tools.open({ method: 'POST', body: {} })
      assert.equal(stop.status, 204)
      await stop.ends()
      for (const stream of streams) await eventually('the reason', () => codeOf(stream) === 'ERR_SSE_REFUSED')
      assert.equal(tools.host.stats().opened, 0)
    },
  },
  {
    name: 'with abruptEnd, a refusal that is no event stream still ends normally',
    async run(tools) {
      await tools.serve(({ sse }) => sse.refuse(503), { abruptEnd: true })
      const refused = await tools.open()
      assert.equal(await refused.ends(), 'This event stream was refused.\n')
      assert.equal(refused.error, undefined)
    },
  },
  {
    name: 'serves the next request on the connection of a refused one',
    only: 'http/1.1',
    async run(tools) {
      await tools.serve(({ sse }) => sse(), { limits: { total: 1 }, refuse: 503 })
      await tools.open()
      const client = await tools.connect()
      client.get('/')
      await client.receives('This event stream was refused.\n')
      client.get('/')
      await eventually('the second answer', () => client.text.match(/HTTP\/1.1 503/g)?.length === 2)
      assert.equal(tools.host.stats().refused.total, 2)
    },
  },
]
