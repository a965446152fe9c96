import { once } from 'node:events'
import { get } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { eventually } from '@downstream/testing'
import { createHub } from '../../src/hub/create-hub.ts'
import type { SubscribeOptions } from '../../src/hub/hub.ts'
import { wheel } from '../../src/process/timer-wheel.ts'
import { openEventStream } from '../../src/stream/open-event-stream.ts'
import { serve } from '../stream/serve.ts'
import { FakePort } from './fake-port.ts'
import { FaultyLog } from './faulty-log.ts'
import { settle } from './settle.ts'

const CYCLES = 20_000
const NOTHING = { streams: 0, channels: 0, lagging: 0 }

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

const leave: ((stream: FakePort, unsubscribe: () => void) => void)[] = [
  (stream) => stream.cut(),
  (stream) => {
    stream.close()
    // Unread bytes keep a response open.
    stream.flow()
  },
  (stream) => stream.cut('ERR_SSE_SLOW_CLIENT'),
  (_, unsubscribe) => unsubscribe(),
]

test('twenty thousand streams of all kinds, opened and closed, leave nothing in memory', async () => {
  const log = new FaultyLog({ length: 50 })
  const hub = createHub({ log, tail: { length: 10 }, onError: () => {} })
  const gone: WeakRef<FakePort>[] = []
  const cursors = ['', 'no cursor', hub.cursor()]
  const cycle = (n: number) => {
    const stream = new FakePort(n % 7 === 0 ? cursors[n % cursors.length] : '')
    if (n % 5 === 0) stream.room = 0
    const options: SubscribeOptions = {
      ...(n % 3 === 0 && { filter: () => true }),
      ...(n % 4 === 0 && { coalesce: ({ data }) => data }),
    }
    // Some channels are followed by one stream, some by many.
    const unsubscribe = hub.subscribe(stream, ['news', `user-${n}`], options)
    hub.publish('news', { data: n })
    gone.push(new WeakRef(stream))
    return () => leave[n % leave.length]?.(stream, unsubscribe)
  }
  let open: (() => void)[] = []
  for (let n = 0; n < CYCLES; n++) {
    if (n % 1_000 === 0) log.failures = 5
    open.push(cycle(n))
    if (n % 100 !== 99) continue
    await settle(2)
    for (const end of open) end()
    open = []
    cursors[3] = hub.cursor()
  }
  await settle()
  expect(hub.stats()).toMatchObject(NOTHING)
  expect(hub.stats().tail.length).toBe(10)
  expect(wheel.size).toBe(0)
  // A read that is in progress when its stream ends is awaited.
  hub.publish('news', { data: 'moves' })
  await eventually('all of them are collected', () => {
    collectGarbage()
    return gone.every((stream) => stream.deref() === undefined)
  })
  await hub.close()
})

test('a thousand real streams leave nothing in memory either', async () => {
  const hub = createHub()
  const { server, origin } = await serve((req, res) => {
    hub.subscribe(openEventStream(req, res), ['news', req.url as string])
  })
  const listeners = () => server.eventNames().map((name) => `${String(name)} ${server.listenerCount(name)}`)
  const before = listeners()
  const cycle = async (n: number) => {
    const request = get(`${origin}/${n}`, { agent: false })
    request.on('error', () => {})
    const [response] = await once(request, 'response')
    await once(response, 'data')
    if (n % 2 === 0) request.destroy()
    else {
      hub.disconnect((stream) => !stream.closed && n % 3 !== 0)
      request.destroy()
    }
  }
  for (let n = 0; n < 1_000; n += 50) await Promise.all(Array.from({ length: 50 }, (_, m) => cycle(n + m)))
  await eventually('nobody', () => hub.stats().streams === 0)
  expect(hub.stats()).toMatchObject(NOTHING)
  await eventually('no timers', () => wheel.size === 0)
  expect(listeners()).toEqual(before)
  await hub.close()
})
