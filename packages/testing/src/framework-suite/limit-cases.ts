import assert from 'node:assert/strict'
import type { EventStream, SseError } from '@downstream/core'
import { eventually } from '../eventually.ts'
import type { Exchange } from './framework-host.ts'
import { deferred, type SuiteCase, type SuiteTools } from './suite-case.ts'

/** The `limits.key` of every case that limits by key. */
const key = (request: unknown) => (request as Exchange['request']).headers['x-user'] as string | undefined

const as = (user: string) => ({ headers: { 'x-user': user } })

/** Waits until this many streams are open, as the app counts them. */
async function untilOpen({ host }: SuiteTools, count: number): Promise<void> {
  await eventually(`${count} open streams`, () => host.stats().open === count)
}

function codeOf(stream: EventStream): unknown {
  return (stream.signal.reason as SseError | undefined)?.code
}

/** Refused streams: by the app's limits, by their origin, by the app itself. */
export const limitCases: SuiteCase[] = [
  {
    name: 'refuses streams beyond the total: 200, a retry of 5 to 15 s, and the end',
    async run(tools) {
      const { host } = { host: await tools.serve(({ sse }) => sse(), { limits: { total: 2 } }) }
      const [first] = [await tools.open(), await tools.open()]
      const refused = await tools.open()
      assert.equal(refused.status, 200)
      assert.equal(refused.headers['content-type'], 'text/event-stream')
      const [, retry] = /^retry: (\d+)\n:\n\n$/.exec(await refused.ends()) ?? []
      assert.ok(Number(retry) >= 5_000 && Number(retry) <= 15_000, `retry: ${retry}`)
      first?.destroy()
      await untilOpen(tools, 1)
      assert.equal((await tools.open()).status, 200)
      await untilOpen(tools, 2)
      assert.equal(host.stats().opened, 3)
      assert.deepEqual(host.stats().refused, { total: 1, perKey: 0, origin: 0 })
    },
  },
  {
    name: 'refuses streams beyond the limit of their key, and no others',
    async run(tools) {
      await tools.serve(({ sse }) => sse(), { limits: { perKey: 1, key }, refuse: 429 })
      const [ada] = [await tools.open(as('ada')), await tools.open(as('bob'))]
      const refused = await tools.open(as('ada'))
      assert.equal(refused.status, 429)
      const retryAfter = Number(refused.headers['retry-after'])
      assert.ok(retryAfter >= 5 && retryAfter <= 15, `Retry-After: ${retryAfter}`)
      assert.equal(await refused.ends(), 'This event stream was refused.\n')
      ada.destroy()
      await untilOpen(tools, 1)
      assert.equal((await tools.open(as('ada'))).status, 200)
      assert.equal(tools.host.stats().refused.perKey, 1)
    },
  },
  {
    name: 'does not limit requests without a key',
    async run(tools) {
      await tools.serve(({ sse }) => sse(), {
        limits: { perKey: 1, key: (request: unknown) => (key(request) === 'null' ? null : undefined) },
      })
      for (const user of ['null', 'null', 'undefined', 'undefined']) await tools.open(as(user))
      assert.equal(tools.host.stats().open, 4)
    },
  },
  {
    name: "answers 204 with refuse: 'stop', and keeps headers that were set before",
    async run(tools) {
      await tools.serve(
        ({ sse, setHeader }) => {
          setHeader('Access-Control-Allow-Origin', 'https://app.example')
          return sse()
        },
        { limits: { total: 1 }, refuse: 'stop', headers: { 'X-App': 'yes' } },
      )
      await tools.open()
      const refused = await tools.open()
      assert.equal(refused.status, 204)
      assert.equal(refused.headers['access-control-allow-origin'], 'https://app.example')
      assert.equal(refused.headers['x-app'], 'yes')
      assert.equal(refused.headers['content-type'], undefined)
      assert.equal(await refused.ends(), '')
    },
  },
  {
    name: 'keeps the headers that were set before, whatever the refusal is',
    async run(tools) {
      await tools.serve(({ sse, setHeader, request }) => {
        setHeader('Access-Control-Allow-Origin', 'https://app.example')
        return sse.refuse(
          ({ later: 'later', stop: 'stop' } as const)[String(request.headers['x-how'])] ?? 503,
        )
      })
      for (const [how, status] of [
        ['later', 200],
        ['stop', 204],
        ['503', 503],
      ] as const) {
        const refused = await tools.open({ headers: { 'x-how': how } })
        assert.equal(refused.status, status)
        assert.equal(refused.headers['access-control-allow-origin'], 'https://app.example')
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
    name: 'frees the slot of a client that disconnects before the headers, or during the stream',
    async run(tools) {
      const arrived = deferred()
      const go = deferred()
      await tools.serve(
        async ({ sse, request }) => {
          if (request.method === 'GET') return sse()
          arrived.resolve()
          await go.promise
          return sse()
        },
        { limits: { total: 1 } },
      )
      const early = tools.send({ method: 'POST', body: {} })
      await arrived.promise
      early.destroy()
      await eventually('the disconnect', () => tools.host.stats().open === 0)
      go.resolve()
      const client = await tools.open()
      await client.receives(':\n\n')
      client.destroy()
      await untilOpen(tools, 0)
    },
  },
  {
    name: 'frees the slot of a client as soon as the server notices its disconnect',
    async run(tools) {
      const openThen: number[] = []
      await tools.serve(
        ({ sse, response }) => {
          sse()
          response.on('close', () => openThen.push(tools.host.stats().open))
        },
        { limits: { total: 1, perKey: 1, key } },
      )
      for (let n = 1; n <= 3; n++) {
        const client = await tools.open(as('ada'))
        await client.receives(':\n\n')
        client.destroy()
        await eventually('the disconnect', () => openThen.length === n)
      }
      assert.deepEqual(openThen, [0, 0, 0])
      const { opened, refused } = tools.host.stats()
      assert.deepEqual([opened, refused.total + refused.perKey], [3, 0])
    },
  },
  {
    name: 'takes no slot for a stream that is closed from the start',
    async run(tools) {
      await tools.serve(({ sse }) => sse(), { limits: { total: 1 } })
      const head = await tools.open({ method: 'HEAD' })
      assert.equal(head.status, 200)
      await head.ends()
      await tools.open()
      const { open, opened } = tools.host.stats()
      assert.deepEqual({ open, opened }, { open: 1, opened: 1 })
    },
  },
  {
    name: 'opens no stream when the key throws or is a promise, and passes the error on',
    async run(tools) {
      let answer: () => unknown = () => {
        throw new Error('no session')
      }
      await tools.serve(({ sse }) => sse(), {
        limits: { perKey: 1, key: () => answer() as string },
      })
      tools.send()
      await eventually('the error', () => tools.host.errors.length === 1)
      answer = () => Promise.reject(new Error('later'))
      tools.send()
      await eventually('the second error', () => tools.host.errors.length === 2)
      const [thrown, promised] = tools.host.errors as [SseError, SseError]
      assert.match(thrown.message, /limits\.key threw/)
      assert.equal((thrown.cause as Error).message, 'no session')
      assert.match(promised.message, /limits\.key must return .*; got a promise/i)
      assert.equal(tools.host.stats().opened, 0)
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
  {
    name: 'counts streams, their ends, events and bytes',
    async run(tools) {
      await tools.serve(async ({ sse, request }) => {
        if (request.method === 'POST') return sse(['a', 'b'])
        const stream = sse()
        await stream.send({ data: 'é' })
        await stream.comment('no event')
        return stream
      })
      const client = await tools.open()
      await client.receives(': no event')
      const ended = await tools.open({ method: 'POST', body: {} })
      const text = await ended.ends()
      await untilOpen(tools, 1)
      const { closed, ...stats } = tools.host.stats()
      assert.deepEqual(
        { opened: stats.opened, closed: closed.ERR_SSE_CLOSED, events: stats.events },
        { opened: 2, closed: 1, events: 3 },
      )
      const received = Buffer.byteLength(text + client.text)
      // Chunk frames are counted too.
      assert.ok(stats.bytes >= received && stats.bytes < received + 100, `${stats.bytes} for ${received}`)
      client.destroy()
      await untilOpen(tools, 0)
      assert.equal(tools.host.stats().closed.ERR_SSE_CLIENT_CLOSED, 1)
    },
  },
]
