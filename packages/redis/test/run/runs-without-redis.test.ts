import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createRuns, openEventStream, type Runs } from '@downstream/core'
import { eventually, parseEvents } from '@downstream/testing'
import { RedisRunStore } from '../../src/index.ts'
import { FaultyProxy } from '../harness/faulty-proxy.ts'
import { redisClients } from '../harness/redis-clients.ts'
import { RedisServer } from '../harness/redis-server.ts'

const UNAVAILABLE = expect.objectContaining({ name: 'SseError', code: 'ERR_SSE_RUNS_UNAVAILABLE' })

let proxy: FaultyProxy
let runs: Runs
let url: string
let errors: unknown[]
const closing: (() => unknown)[] = []

/** Runs whose connections to Redis go through a proxy, and a server with the route that follows them. */
async function open(maxWait: number): Promise<void> {
  const redis = await RedisServer.start()
  closing.push(() => redis.close())
  proxy = await FaultyProxy.open(redis.port)
  closing.push(() => proxy.close())
  const { client, close } = redisClients['ioredis 6'](proxy.port)
  closing.push(close)
  errors = []
  runs = createRuns({
    store: new RedisRunStore(client, { maxWait }),
    onError: (error) => errors.push(error),
  })
  const server = createServer((req, res) => {
    void runs.follow(openEventStream(req, res), (req.url as string).slice(1))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  closing.push(async () => {
    await runs.close()
    server.close()
    server.closeAllConnections()
  })
}

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

function takeRedisAway(): void {
  proxy.refuse()
  proxy.cut()
}

/** What a client receives, as far as it has come. */
function follow(id: string) {
  const following = { text: '', over: undefined as unknown as Promise<void> }
  following.over = (async () => {
    const response = await fetch(`${url}/${id}`)
    const decoder = new TextDecoder()
    for await (const chunk of response.body ?? []) following.text += decoder.decode(chunk, { stream: true })
  })()
  return following
}

const datas = (text: string) => parseEvents(text).map(({ data }) => data)

test('a follower waits while Redis is unavailable, then receives the rest and the end', async () => {
  await open(60_000)
  let proceed = () => {}
  const going = new Promise<void>((resolve) => {
    proceed = resolve
  })
  await runs.start('a', async function* () {
    yield '1'
    await going
    yield '2'
    yield '3'
  })
  const before = follow('a')
  await eventually('the first event', () => before.text.includes('data: 1\n'))
  takeRedisAway()
  await expect(runs.state('a')).rejects.toEqual(UNAVAILABLE)
  proceed()
  const during = follow('a')
  // A few of the reads that fail meanwhile.
  for (let n = 0; n < 3; n++) await runs.state('a').catch(() => sleep(100))
  expect([datas(before.text), datas(during.text)]).toEqual([['1'], []])
  await proxy.accept()
  await Promise.all([before.over, during.over])
  for (const { text } of [before, during]) expect(datas(text)).toEqual(['1', '2', '3', '{"status":"done"}'])
  expect(errors).toEqual([])
})

test('a source waits while Redis is unavailable, with little in memory, and fails after maxWait', async () => {
  await open(600)
  let yielded = 0
  let reason: unknown
  const ended = jest.fn()
  await runs.start('a', async function* ({ signal }) {
    signal.addEventListener('abort', () => {
      reason = signal.reason
    })
    try {
      for (;;) {
        yield 'x'.repeat(1_000)
        yielded++
        if (yielded % 10 === 0) await sleep(1)
      }
    } finally {
      ended()
    }
  })
  const following = follow('a')
  await eventually('some events', () => yielded > 50)
  takeRedisAway()
  await eventually('the end of the source', () => ended.mock.calls.length === 1)
  expect(errors).toEqual([UNAVAILABLE])
  expect(reason).toBe(errors[0])
  await proxy.accept()
  await following.over
  // Reported once: the end could not be stored because of the same failure.
  expect(errors).toEqual([UNAVAILABLE])
  expect(datas(following.text).at(-1)).toBe('{"status":"failed"}')
  const state = await runs.state('a')
  expect(state?.status).toBe('failed')
  // Lost are at most the events on their way to Redis and those that wait for them: each 16 KB and one event.
  expect(yielded - (state?.events ?? 0)).toBeLessThanOrEqual(2 * 17)
})

test('start, stop and state reject while Redis is unavailable, and start stops its source', async () => {
  await open(60_000)
  takeRedisAway()
  const cancel = jest.fn()
  const response = new Response(new ReadableStream({ cancel }), {
    headers: { 'content-type': 'text/event-stream' },
  })
  await expect(runs.start('a', response)).rejects.toEqual(UNAVAILABLE)
  expect(cancel).toHaveBeenCalledTimes(1)
  await expect(runs.stop('a')).rejects.toEqual(UNAVAILABLE)
  await expect(runs.state('a')).rejects.toEqual(UNAVAILABLE)
  await proxy.accept()
  await eventually('Redis being back', () =>
    runs.state('a').then(
      () => true,
      () => false,
    ),
  )
  expect(await runs.state('a')).toBeUndefined()
  expect((await runs.start('a', ['1'])).started).toBe(true)
})
