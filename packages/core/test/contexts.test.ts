// The rule of ARCHITECTURE.md: a callback of the app runs in the AsyncLocalStorage context in which the app gave it to
// us, or in none; never in the context of another request. Each test here ends or feeds things from another request.
import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { eventually } from '@downstream/testing'
import { StreamGroup } from '../src/group/stream-group.ts'
import { createHub } from '../src/hub/create-hub.ts'
import { MemoryLog } from '../src/log/memory-log.ts'
import { createRuns } from '../src/run/create-runs.ts'
import { MemoryRunStore } from '../src/run/memory-run-store.ts'
import type { EventStream } from '../src/stream/event-stream.ts'
import { FakePort } from './hub/fake-port.ts'
import { FaultyLog } from './hub/faulty-log.ts'
import { settle } from './hub/settle.ts'
import { connect, serve } from './stream/serve.ts'

const user = new AsyncLocalStorage<string>()

/** Each callback that was called, with the user whose context it ran in. */
let seen: string[]
beforeEach(() => {
  seen = []
})
const note = (callback: string) => void seen.push(`${callback} in ${user.getStore() ?? 'none'}`)

/** Subscribes to diagnostics channels for the length of one test. */
const listeners: [name: string, listener: () => void][] = []
function noteMessages(...names: string[]): void {
  for (const name of names) {
    const listener = () => note(name)
    subscribe(`downstream:${name}`, listener)
    listeners.push([`downstream:${name}`, listener])
  }
}
afterEach(() => {
  for (const [name, listener] of listeners.splice(0)) unsubscribe(name, listener)
})

test('limits.key, origin, serialize, a source and onSourceError run in the context of their own request', async () => {
  noteMessages('stream:open', 'stream:close', 'stream:refuse')
  let fail = (_error: Error) => {}
  const group = new StreamGroup({
    limits: {
      key: () => {
        note('key')
        return null
      },
    },
    origin: (origin) => {
      note('origin')
      return origin === 'https://a.example'
    },
    serialize: (data) => {
      note('serialize')
      return String(data)
    },
  })
  const { origin } = await serve((req, res) => {
    user.run(String(req.url).slice(1), () => {
      const sse = group.sse(req, res, { onSourceError: () => note('onSourceError') })
      if (req.url !== '/ann') {
        fail(new Error('from another request'))
        void sse([])
        return
      }
      void sse(async function* () {
        note('source')
        yield { data: 1 }
        await new Promise((_, reject) => {
          fail = reject
        })
      })
    })
  })
  const ann = await connect(origin)
  ann.get('/ann', { Origin: 'https://a.example' })
  await ann.receives('data: 1\n\n')
  const bob = await connect(origin)
  bob.get('/bob', { Origin: 'https://b.example' })
  await eventually('the error', () => seen.some((one) => one.startsWith('onSourceError')))
  expect(seen).toEqual([
    'origin in ann',
    'key in ann',
    'stream:open in ann',
    'source in ann',
    'serialize in ann',
    'origin in bob',
    'stream:refuse in bob',
    'stream:close in ann',
    'onSourceError in ann',
  ])
})

// The end of a stream was reported in the context of the request that ended it: a log line had the wrong user.
test('the end of a stream by another request is reported in the context of the stream; its signal and its source run in none', async () => {
  noteMessages('stream:close')
  let annes: EventStream | undefined
  const group = new StreamGroup()
  const { origin } = await serve((req, res) => {
    user.run(String(req.url).slice(1), () => {
      if (req.url === '/admin') annes?.close()
      const stream = group.sse(req, res, { onSourceError: () => {} })()
      if (req.url === '/admin') return
      annes = stream
      stream.signal.addEventListener('abort', () => note('abort'))
      void stream.sendAll({
        [Symbol.asyncIterator]: () => ({
          next: () => new Promise(() => {}),
          return: async () => {
            note('return')
            return { done: true, value: undefined }
          },
        }),
      })
    })
  })
  const ann = await connect(origin)
  ann.get('/ann')
  await ann.receives(':\n\n')
  const admin = await connect(origin)
  admin.get('/admin')
  await eventually('the end', () => seen.length === 3)
  expect(seen).toEqual(['abort in none', 'return in none', 'stream:close in ann'])
})

test('snapshot and the serialize of its text run in no context, though one client needs the state first', async () => {
  noteMessages('hub:gap')
  const hub = createHub({
    serialize: (data) => {
      note('serialize')
      return JSON.stringify(data)
    },
    onError: () => note('onError'),
  })
  await user.run('publisher', () => hub.publish('news', { data: 1 }))
  expect(seen.splice(0)).toEqual(['serialize in publisher'])
  const state = async (channel: string) => {
    note('snapshot')
    if (channel === 'broken') throw new Error('the state')
    return channel
  }
  const streams = [new FakePort(), new FakePort()]
  user.run('ann', () => hub.subscribe(streams[0] as FakePort, 'news', { snapshot: state }))
  user.run('bob', () => hub.subscribe(streams[1] as FakePort, 'broken', { snapshot: state }))
  await settle(10)
  expect(streams[0]?.text).toContain('event: snapshot')
  expect(streams[1]?.text).toContain('event: gap')
  expect(seen.sort()).toEqual([
    'hub:gap in bob',
    'onError in none',
    'serialize in none',
    'snapshot in none',
    'snapshot in none',
  ])
})

test('what a hub reports about its log, a gap and a failed publish is in the context of createHub()', async () => {
  noteMessages('hub:gap', 'log:state', 'hub:publish')
  const log = new FaultyLog()
  const hub = user.run('maker', () =>
    createHub({ log, onError: () => note('onError'), onLogState: () => note('onLogState') }),
  )
  await settle()
  expect(seen.splice(0)).toEqual(['log:state in maker', 'onLogState in maker'])
  user.run('ann', () => hub.subscribe(new FakePort(), 'news'))
  user.run('bob', () => log.restart())
  await settle(10)
  expect(seen.splice(0)).toEqual(['hub:gap in maker'])
  await user.run('publisher', () => hub.publish('news', { data: 1 }))
  expect(seen.splice(0)).toEqual(['hub:publish in publisher'])
  await log.close()
  await user.run('publisher', () => hub.publish('news', { data: 1 }).catch(() => {}))
  expect(seen).toContain('onError in maker')
})

// A filter ran in the context of the user that happened to publish.
test('filter and coalesce run in the context of subscribe(), live, slow and from the log', async () => {
  const hub = createHub({ log: new FaultyLog(), tail: { length: 3 } })
  const look = () => {
    note('look')
    return true
  }
  const after = hub.cursor()
  const stream = new FakePort()
  const options = { filter: look, coalesce: () => (look() ? 'key' : undefined) }
  await user.run('publisher', async () => {
    for (let n = 0; n < 10; n++) await hub.publish('news', { data: n })
  })
  user.run('subscriber', () => hub.subscribe(stream, 'news', options))
  user.run('subscriber', () => hub.subscribe(new FakePort(after), 'news', options))
  stream.room = 0
  await user.run('publisher', async () => {
    for (let n = 0; n < 5; n++) {
      await hub.publish('news', { data: n })
      await settle(1)
    }
  })
  stream.flow()
  await settle(10)
  expect([...new Set(seen)]).toEqual(['look in subscriber'])
})

// The first of several clients lent the shared read its context: a traced Redis client showed it in the trace of that
// client, and what follows a run kept the store of its first request.
test('a log is read, and a store of runs is read and followed, in no context, because clients share that', async () => {
  const log = new FaultyLog()
  const readLog = log.read.bind(log)
  log.read = (...args) => {
    note('log.read')
    return readLog(...args)
  }
  const hub = createHub({ log, tail: { length: 3 } })
  const after = hub.cursor()
  await user.run('publisher', async () => {
    for (let n = 0; n < 10; n++) await hub.publish('news', { data: n })
  })
  for (const name of ['ann', 'bob']) user.run(name, () => hub.subscribe(new FakePort(after), 'news'))
  await settle(10)
  expect([...new Set(seen.splice(0))]).toEqual(['log.read in none'])

  const store = new MemoryRunStore()
  const { read, follow } = store
  store.read = (...args) => {
    note('store.read')
    return Reflect.apply(read, store, args)
  }
  store.follow = (...args) => {
    note('store.follow')
    return Reflect.apply(follow, store, args)
  }
  const runs = createRuns({ store })
  await user.run('publisher', () => runs.start('one', ['a', 'b']))
  for (const name of ['ann', 'bob']) user.run(name, () => void runs.follow(new FakePort(), 'one'))
  await settle(10)
  expect(seen[0]).toBe('store.follow in none')
  expect([...new Set(seen)].sort()).toEqual(['store.follow in none', 'store.read in none'])
})

test('a read of the log that another request ends aborts in no context', async () => {
  const log = new FaultyLog()
  log.read = (_after, _limit, signal) => {
    note('log.read')
    signal?.addEventListener('abort', () => note('abort'))
    return new Promise(() => {})
  }
  const hub = createHub({ log, tail: { length: 3 } })
  const after = hub.cursor()
  for (let n = 0; n < 10; n++) await hub.publish('news', { data: n })
  const stream = new FakePort(after)
  user.run('ann', () => hub.subscribe(stream, 'news'))
  await settle(10)
  user.run('admin', () => stream.close())
  expect(seen).toEqual(['log.read in none', 'abort in none'])
})

test('a stream that a publisher ends, by its filter or by disconnect(), aborts in no context', async () => {
  const hub = createHub({ onError: () => note('onError') })
  const [broken, ann] = [new FakePort(), new FakePort()]
  for (const stream of [broken, ann]) stream.signal.addEventListener('abort', () => note('abort'))
  hub.subscribe(broken, 'news', {
    filter: () => {
      throw new Error('filter')
    },
  })
  hub.subscribe(ann, 'news', { key: 'ann' })
  await user.run('publisher', async () => {
    await hub.publish('news', { data: 1 })
    await settle()
    await hub.disconnect('ann')
  })
  expect(seen).toEqual(['abort in none', 'onError in none', 'abort in none'])
})

test('the filter of a loop over hub.events() does not run in the context of a publisher', async () => {
  const hub = createHub({ log: new MemoryLog() })
  const events = user.run('ann', () =>
    hub.events('news', {
      filter: () => {
        note('filter')
        return true
      },
    }),
  )
  const first = events.next()
  await settle()
  await user.run('publisher', () => hub.publish('news', { data: 1 }))
  await first
  await events.return?.()
  expect(seen).toEqual(['filter in none'])
})

test('a run that another request stops: its source and onError run in the context of start(), its signal aborts in none', async () => {
  noteMessages('run:start', 'run:end')
  const runs = createRuns({
    onError: () => note('onError'),
    serialize: (data) => {
      note('serialize')
      return String(data)
    },
  })
  const source = async function* ({ signal }: { signal: AbortSignal }) {
    note('source')
    signal.addEventListener('abort', () => note('abort'))
    yield { data: 1 }
    await new Promise(() => {})
  }
  await user.run('ann', () => runs.start('one', source))
  await settle()
  await user.run('admin', () => runs.stop('one'))
  await settle()
  await user.run('ann', () => runs.start('two', () => Promise.reject(new Error('of the source'))))
  await settle()
  expect(seen).toEqual([
    'run:start in ann',
    'source in ann',
    'serialize in ann',
    'abort in none',
    'run:end in ann',
    'run:start in ann',
    'onError in ann',
    'run:end in ann',
  ])
})
