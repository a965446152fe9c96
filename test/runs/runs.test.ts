import { RedisServer } from '../../packages/redis/test/harness/redis-server.ts'
import { RunNode } from './run-node.ts'
import { kill, reload, stop } from './scenarios.ts'

// A short form of scripts/measure-runs.mjs, which produces the figures.
const lease = 3_000
let redis: RedisServer
let nodes: [RunNode, RunNode]

beforeAll(async () => {
  redis = await RedisServer.start()
  nodes = await Promise.all([
    RunNode.start('express', redis.port, lease),
    RunNode.start('fastify', redis.port, lease),
  ])
})

afterAll(async () => {
  for (const node of nodes ?? []) await node.kill()
  await redis?.close()
})

test('pages that reload and reconnect through another framework miss and repeat nothing', async () => {
  expect(await reload(nodes, { runs: 20, events: 200, reloads: 5 })).toEqual({
    received: 20 * 200,
    missing: 0,
    twice: 0,
    outOfOrder: 0,
    gaps: 0,
    badEnds: 0,
  })
})

test('stop() in another process stops the source and ends all followers', async () => {
  const { reasons, ends, beyond } = await stop(nodes, { runs: 5 })
  expect(reasons).toEqual(Array.from({ length: 5 }, () => 'ERR_SSE_RUN_STOPPED'))
  expect(ends).toEqual(Array.from({ length: 10 }, () => 'end {"status":"stopped"}'))
  expect(beyond).toBe(0)
})

test('followers of a producer that is killed have every event, then the end as lost', async () => {
  const kills = await kill(nodes, redis.port, { lease, runs: 3, events: 50 })
  for (const { had, end } of kills) expect([had, end]).toEqual(['50 of 50', 'end {"status":"lost"}'])
  expect(kills).toHaveLength(6)
})
