import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { eventually } from '@downstream/testing'
import { createHub } from '../src/hub/create-hub.ts'
import { MemoryLog } from '../src/log/memory-log.ts'
import { createRuns } from '../src/run/create-runs.ts'
import { StreamGroup } from '../src/stream/stream-group.ts'
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
  client.reset()
  await eventually('the end', () => messagesOf('stream:close').length > 0)
  head.write('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n')
  await head.receives('200 OK')
  await eventually('the end of HEAD', () => group.stats().open === 0)
  const [close, ...more] = messagesOf('stream:close')
  expect(more).toEqual([])
  expect(messagesOf('stream:open')).toHaveLength(1)
  expect(close).toMatchObject({ stream: open?.stream, code: 'ERR_SSE_CLIENT_CLOSED', events: 2 })
  expect(close?.duration).toBeGreaterThan(0)
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

test('reports when runs start and how they end', async () => {
  const runs = createRuns({ onError: () => {} })
  await runs.start('done', ['a'])
  await runs.start('failed', () => {
    throw new Error('on purpose')
  })
  await runs.start(
    'stopped',
    ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve([]))),
  )
  await runs.stop('stopped')
  await eventually('the ends', () => messagesOf('run:end').length === 3)
  expect(messagesOf('run:start').map(({ id }) => id)).toEqual(['done', 'failed', 'stopped'])
  expect(Object.fromEntries(messagesOf('run:end').map(({ id, status }) => [id, status]))).toEqual({
    done: 'done',
    failed: 'failed',
    stopped: 'stopped',
  })
})
