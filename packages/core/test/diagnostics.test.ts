import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { eventually, FaultyLog } from '@downstream/testing'
import { StreamGroup } from '../src/group/stream-group.ts'
import { createHub } from '../src/hub/create-hub.ts'
import { MemoryLog } from '../src/log/memory-log.ts'
import { createRuns } from '../src/run/create-runs.ts'
import { MemoryRunStore } from '../src/run/memory-run-store.ts'
import { connect, serve } from './stream/serve.ts'

type Message = [channel: string, message: Record<string, unknown>]

const names = [
  'stream:open',
  'stream:close',
  'stream:refuse',
  'hub:publish',
  'hub:gap',
  'log:state',
  'run:start',
  'run:end',
]
const messages: Message[] = []
const listeners = names.map((name) => {
  const listener = (message: unknown) => void messages.push([name, message as Message[1]])
  return [`downstream:${name}`, listener] as const
})

beforeEach(() => {
  messages.length = 0
  for (const one of listeners) subscribe(...one)
})

afterEach(() => {
  for (const one of listeners) unsubscribe(...one)
})

const messagesOf = (name: string) =>
  messages.filter(([channel]) => channel === name).map(([, message]) => message)

test('reports that a stream opens and ends, but not one that was over from the start', async () => {
  const group = new StreamGroup({ limits: { total: 1 } })
  const { origin } = await serve((req, res) => {
    const stream = group.sse(req, res, { onSourceError: () => {} })()
    void stream.send('one')
    void stream.send('two')
  })
  const client = await connect(origin)
  client.get('/')
  await client.receives('two')
  const [open] = messagesOf('stream:open')
  expect(open).toMatchObject({ request: { method: 'GET', url: '/' }, stream: { closed: false } })
  const refused = await connect(origin)
  refused.get('/second')
  await eventually('the refusal', () => messagesOf('stream:refuse').length > 0)
  expect(messagesOf('stream:refuse')).toMatchObject([
    { reason: 'total', status: 200, request: { url: '/second' } },
  ])
  const head = await connect(origin)
  await sleep(50)
  client.reset()
  await eventually('the end', () => messagesOf('stream:close').length > 0)
  head.write('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n')
  await head.receives('200 OK')
  await eventually('the end of HEAD', () => group.stats().open === 0)
  const [close, ...more] = messagesOf('stream:close')
  expect(more).toEqual([])
  expect(messagesOf('stream:open')).toHaveLength(1)
  expect(close).toMatchObject({ stream: open?.stream, code: 'ERR_SSE_CLIENT_CLOSED', events: 2 })
  // In ms.
  expect(close?.duration).toBeGreaterThan(40)
  expect(close?.bytes).toBe(group.stats().bytes)
})

test('reports what is published, the state of the log, and gaps', async () => {
  const log = new MemoryLog()
  const hub = createHub({ log })
  const id = await hub.publish('news', { event: 'e', data: 1 })
  expect(messagesOf('log:state')).toEqual([{ log, state: 'up', error: undefined }])
  expect(messagesOf('hub:publish')).toEqual([{ log, channels: ['news'], event: 'e', id }])
  const { origin } = await serve((req, res) => {
    hub.subscribe(new StreamGroup().sse(req, res, { onSourceError: () => {} })(), 'news', { key: 'ada' })
  })
  const client = await connect(origin)
  client.get('/', { 'Last-Event-ID': 'of nowhere' })
  await client.receives('event: gap')
  expect(messagesOf('hub:gap')).toMatchObject([
    { reason: 'malformed', key: 'ada', stream: { lastEventId: 'of nowhere' } },
  ])
})

test('reports that a log is down, with the error, and no publish that it has not confirmed', async () => {
  const log = new FaultyLog(new MemoryLog())
  const hub = createHub({ log, onError: () => {} })
  await hub.ready()
  messages.length = 0
  log.down()
  await expect(hub.publish('news', { data: 1 })).rejects.toThrow()
  log.up()
  expect(messages).toEqual([
    ['log:state', { log, state: 'down', error: expect.any(Error) }],
    ['log:state', { log, state: 'up', error: undefined }],
  ])
})

test('reports no end of a stream that nobody heard opening, and nothing of one whose client had disconnected', async () => {
  const group = new StreamGroup()
  let openLater: (() => void) | undefined
  let isGone = false
  const { origin } = await serve((req, res) => {
    const open = () => void group.sse(req, res, { onSourceError: () => {} })()
    if (req.url === '/now') return open()
    openLater = open
    res.on('close', () => {
      isGone = true
    })
  })
  for (const one of listeners) unsubscribe(...one)
  const [early, gone] = [await connect(origin), await connect(origin)]
  early.get('/now')
  await early.receives(':\n\n')
  for (const one of listeners) subscribe(...one)
  early.reset()
  gone.get('/later')
  await eventually('the request', () => openLater !== undefined)
  gone.reset()
  await eventually('the disconnect', () => isGone)
  openLater?.()
  await eventually('the ends', () => group.size === 0)
  await nextTurn()
  expect(messages).toEqual([])
})

test('reports when runs start, how they end and how long they took', async () => {
  const store = new MemoryRunStore()
  const runs = createRuns({ store, onError: () => {} })
  await runs.start('done', ['a'])
  await runs.start('failed', () => {
    throw new Error('on purpose')
  })
  await runs.start(
    'stopped',
    ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve([]))),
  )
  await runs.start(
    'lost',
    ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve([]))),
  )
  await sleep(50)
  await runs.stop('stopped')
  // As if another process had taken it.
  await store.close()
  await eventually('the ends', () => messagesOf('run:end').length === 4)
  expect(messagesOf('run:start')).toEqual(['done', 'failed', 'stopped', 'lost'].map((id) => ({ id })))
  for (const { id, status, duration } of messagesOf('run:end')) {
    expect(status).toBe(id)
    expect(duration).toBeGreaterThan(status === 'stopped' || status === 'lost' ? 40 : 0)
  }
})
