import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import type { EventStream } from '@downstream/core'
import { eventually } from '../eventually.ts'
import type { Exchange } from './framework-host.ts'
import type { SuiteCase } from './suite-case.ts'

/** Other code of the app also acts on a response, and has async contexts of its own. */
export const middlewareCases: SuiteCase[] = [
  {
    name: "keeps an app's own 'Connection: close', and ends the connection after the stream",
    only: 'http/1.1',
    async run(tools) {
      await tools.serve(({ sse, setHeader }) => {
        setHeader('Connection', 'close')
        return sse(['a'])
      })
      const client = await tools.connect()
      client.get('/')
      await client.ends()
      assert.match(client.text, /^connection: close\r$/im)
      assert.doesNotMatch(client.text, /keep-alive/i)
    },
  },
  {
    name: 'cuts off a slow client even if the app has set res.stream = stream',
    only: 'http/1.1',
    async run(tools) {
      let stream: EventStream | undefined
      await tools.serve(({ sse, response }) => {
        stream = sse({ maxBufferedBytes: 1_000 })
        Object.assign(response, { stream })
      })
      const client = await tools.connect()
      client.get('/')
      await client.receives(':\n\n')
      client.pause()
      await eventually('the cut-off', () => {
        void stream?.send('x'.repeat(100_000))
        return stream?.closed
      })
      assert.equal(stream?.signal.reason.code, 'ERR_SSE_SLOW_CLIENT')
      client.resume()
      await client.ends()
    },
  },
  {
    name: "notices a client that disconnects although other code hides res.on's listeners",
    async run(tools) {
      let stream: EventStream | undefined
      await tools.serve(({ sse, response }) => {
        Object.assign(response, { on: () => response })
        stream = sse()
        Reflect.deleteProperty(response, 'on')
      })
      const client = await tools.open()
      await client.receives(':\n\n')
      client.destroy()
      await eventually('the end', () => stream?.closed)
      assert.equal(stream?.signal.reason.code, 'ERR_SSE_CLIENT_CLOSED')
    },
  },
  {
    name: 'ends the response when the client disconnects, so that sessions are saved and access logs written',
    async run(tools) {
      let ends = 0
      let stream: EventStream | undefined
      await tools.serve(({ sse, response }) => {
        const { end } = response
        response.end = function (this: unknown, ...args: unknown[]) {
          ends++
          return Reflect.apply(end, this, args)
        } as typeof end
        stream = sse()
      })
      const client = await tools.open()
      await client.receives(':\n\n')
      client.destroy()
      await eventually('the end', () => stream?.closed && ends > 0)
      assert.equal(ends, 1)
      assert.equal(stream?.signal.reason.code, 'ERR_SSE_CLIENT_CLOSED')
    },
  },
  {
    name: 'shows every byte and the end to code that wraps write() and end(), before the stream opens or later',
    async run(tools) {
      let seen = ''
      let ends = 0
      const watch = (response: Exchange['response']) => {
        const { write, end } = response
        response.write = function (this: unknown, ...args: unknown[]) {
          seen += String(args[0])
          return Reflect.apply(write, this, args)
        } as typeof write
        response.end = function (this: unknown, ...args: unknown[]) {
          ends++
          return Reflect.apply(end, this, args)
        } as typeof end
      }
      await tools.serve(async ({ sse, request, response }) => {
        if (request.url === '/before') watch(response)
        const stream = sse()
        await stream.send('first')
        await new Promise((resolve) => setTimeout(resolve, 50))
        if (request.url === '/later') watch(response)
        await stream.send('ü')
        await new Promise((resolve) => setTimeout(resolve, 50))
        stream.send('last')
        stream.close()
      })
      for (const [path, from] of [
        ['/before', 'retry:'],
        ['/later', 'data: ü'],
      ] as const) {
        const text = await (await tools.open({ path })).ends()
        assert.equal(seen, text.slice(text.indexOf(from)))
        assert.equal(ends, 1)
        seen = ''
        ends = 0
      }
    },
  },
  {
    name: 'delivers what was sent in the tick in which other code ends the response',
    async run(tools) {
      await tools.serve(async ({ sse, response }) => {
        const stream = sse()
        await new Promise((resolve) => setTimeout(resolve, 50))
        stream.send('last')
        response.end()
        assert.equal(await stream.send('late'), false)
      })
      const client = await tools.open()
      await client.ends()
      assert.deepEqual(client.data, ['last'])
    },
  },
  {
    name: "runs the app's code at the end of a stream outside of the contexts of other requests",
    async run(tools) {
      const storage = new AsyncLocalStorage<string>()
      const seen: [what: string, store: string | undefined][] = []
      const streams = new Map<string, EventStream>()
      await tools.serve(({ sse, request }) => {
        const url = request.url ?? ''
        return storage.run(url, () => {
          const note = (what: string) => seen.push([`${url} ${what}`, storage.getStore()])
          if (url === '/closer') {
            streams.get('/closed')?.close()
            return sse(['done'])
          }
          const stream = sse(url === '/aged' ? { maxAge: 500 } : {})
          streams.set(url, stream)
          stream.signal.addEventListener('abort', () => note('aborted'))
          const source = async function* () {
            try {
              yield 'first'
              // A loop that only return() ends.
              for (;;) {
                await new Promise((resolve) => setTimeout(resolve, 10))
                yield 'next'
              }
            } finally {
              note('stopped')
            }
          }
          return stream.sendAll(source())
        })
      })
      // The first stream starts the timers of all streams.
      const first = await tools.open({ path: '/first' })
      const others = [await tools.open({ path: '/aged' }), await tools.open({ path: '/closed' })]
      await (await tools.open({ path: '/closer' })).ends()
      for (const other of others) await other.ends()
      first.destroy()
      await eventually('all ends', () => seen.length === 6)
      for (const [what, store] of seen) {
        assert.ok(store === undefined || what.startsWith(`${store} `), `${what} as ${store}`)
      }
    },
  },
  {
    name: 'has only the members of EventStream, on the stream and its prototypes',
    async run(tools) {
      const names = new Set<string>()
      await tools.serve(({ sse }) => {
        const stream = sse()
        for (
          let object: object = stream;
          object !== Object.prototype;
          object = Object.getPrototypeOf(object)
        ) {
          for (const name of Object.getOwnPropertyNames(object)) names.add(name)
        }
        stream.close()
      })
      await (await tools.open()).ends()
      assert.deepEqual([...names].sort(), [
        'close',
        'closed',
        'comment',
        'constructor',
        'lastEventId',
        'reason',
        'send',
        'sendAll',
        'signal',
      ])
    },
  },
]
