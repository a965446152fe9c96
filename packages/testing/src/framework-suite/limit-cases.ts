import assert from 'node:assert/strict'
import type { SseError } from '@downstream/core'
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

/** The limits of an app, the slots that its streams take, and what it counts. */
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
    name: 'limits requests without a key by the total only',
    async run(tools) {
      await tools.serve(({ sse }) => sse(), {
        limits: {
          total: 4,
          perKey: 1,
          key: (request: unknown) => (key(request) === 'null' ? null : undefined),
        },
      })
      for (const user of ['null', 'null', 'undefined', 'undefined']) await tools.open(as(user))
      assert.equal(tools.host.stats().open, 4)
      await (await tools.open(as('null'))).ends()
      assert.deepEqual(tools.host.stats().refused, { total: 1, perKey: 0, origin: 0 })
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
