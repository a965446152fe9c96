import { createHub } from '@downstream/core'
import { eventLogSuite, eventually } from '@downstream/testing'
import { freePorts } from '../../../scripts/free-ports.mjs'
import type { RedisClient } from '../src/index.ts'
import { RedisLog } from '../src/redis-log.ts'
import { clusterClients } from './harness/redis-clients.ts'
import { RedisServer } from './harness/redis-server.ts'

const maxLength = 200
let server: RedisServer
let count = 0

beforeAll(async () => {
  server = await RedisServer.start({ cluster: await freePorts() })
})

afterAll(() => server?.close())

const mostUsed = Object.entries(clusterClients).filter(([name]) => name.endsWith('redis 6'))

describe.each(mostUsed)('RedisLog on %s', (_, create) => {
  let client: RedisClient

  // One for all cases: node-redis creates a class with five hundred methods for each.
  beforeAll(() => {
    client = create(server.port).client
  })

  eventLogSuite({
    test,
    create() {
      const key = `log ${count++}`
      // A busy machine may not answer within the default, 5 s.
      const connect = () => new RedisLog(client, { key, maxLength, timeout: 60_000 })
      return { log: connect(), bounds: { length: maxLength, slack: 200 }, connect }
    },
    without: ['scanned', 'clear', 'cut'],
  })
})

test.each(Object.entries(clusterClients))('two logs on %s share their entries', async (_, create) => {
  const key = `log ${count++}`
  const [one, other] = [create(server.port), create(server.port)].map(
    ({ client }) => new RedisLog(client, { key }),
  ) as [RedisLog, RedisLog]
  const [hub, otherHub] = [createHub({ log: one }), createHub({ log: other })]
  await Promise.all([hub.ready(), otherHub.ready()])
  const before = otherHub.cursor()
  const cursors = [await hub.publish('news', { data: 1 }), await otherHub.publish('news', { data: 2 })]
  await eventually('both have both', () =>
    [hub, otherHub].every((each) => each.cursor() === cursors[1] && each.stats().published === 2),
  )
  const reading = await one.read(before, { length: 10, bytes: 1_000_000 })
  expect(reading.gap ? reading : reading.entries.map(({ cursor }) => cursor)).toEqual(cursors)
  await Promise.all([hub.close(), otherHub.close()])
})

// ioredis sends WAIT to any node, where it says nothing about the replicas of the node that has the log.
test.each(Object.entries(clusterClients).filter(([name]) => name.includes('io')))(
  'replicas is refused on %s',
  (_, create) => {
    expect(() => new RedisLog(create(server.port).client, { replicas: 1 })).toThrow(
      expect.objectContaining({
        code: 'ERR_SSE_INVALID_OPTION',
        message: expect.stringContaining('createCluster() of node-redis'),
      }),
    )
  },
)

test.each(Object.entries(clusterClients).filter(([name]) => name.includes('node-redis')))(
  'replicas: on %s, a publish that no replica confirms is rejected',
  async (_, create) => {
    const log = new RedisLog(create(server.port).client, {
      key: `log ${count++}`,
      replicas: 1,
      timeout: 2_000,
    })
    const outcomes: string[] = []
    // On a busy machine, connecting may take longer than that.
    await eventually('the answer', async () => {
      outcomes.push(await log.append({ channels: ['c'], data: 'd' }).catch(String))
      return outcomes.at(-1)?.includes('0 of 1 replicas') === true
    })
    expect(outcomes.every((outcome) => outcome.startsWith('SseError'))).toBe(true)
    await log.close()
  },
)
