// The model of core/test/hub/snapshot-model.test.ts with processes that share a real Redis.
// SNAPSHOT_MODEL_RUNS=1000 makes more runs. SNAPSHOT_MODEL_SEED, which a failure prints, repeats one.
import { createHub, type Hub } from '@downstream/core'
import { eventually } from '@downstream/testing'
import fc from 'fast-check'
import { Redis } from 'ioredis'
import {
  play,
  type Settings,
  type SharedLog,
  settings,
  steps,
} from '../../core/test/hub/snapshot-schedule.ts'
import { RedisLog } from '../src/redis-log.ts'
import { isBefore, parseCursor } from '../src/stream/cursor.ts'
import { type OpenedClient, redisClients } from './harness/redis-clients.ts'
import { RedisServer } from './harness/redis-server.ts'

const { SNAPSHOT_MODEL_RUNS = '25', SNAPSHOT_MODEL_SEED } = process.env

let redis: RedisServer
let admin: Redis
let schedules = 0

beforeAll(async () => {
  redis = await RedisServer.start()
  admin = new Redis(redis.port)
  // Redis drops whole nodes: with one entry per node it holds exactly as many as requested.
  await admin.config('SET', 'stream-node-max-entries', '1')
})

afterAll(async () => {
  admin?.disconnect()
  await redis?.close()
})

function inRedis({ log: maxLength }: Settings): SharedLog {
  const key = `schedule:${++schedules}`
  const clients = new Map<Hub, OpenedClient>()
  return {
    async start(options) {
      const opened = redisClients['ioredis 6'](redis.port)
      const hub = createHub({ ...options, log: new RedisLog(opened.client, { key, maxLength }) })
      clients.set(hub, opened)
      await hub.ready()
      return hub
    },
    async stop(hub) {
      await hub.close()
      clients.get(hub)?.close()
      clients.delete(hub)
    },
    async empty() {
      await admin.del(key)
      return true
    },
    async settle(turn, isRight, newest) {
      // A snapshot may contain events that the process has not read yet: a page is right, then gets the older of them.
      const hasAll = (hub: Hub) =>
        hub.stats().lagging === 0 && newest.every((id) => !isBehind(hub.cursor(), id))
      await eventually('the state of the pages', async () => {
        await turn()
        return isRight() && [...clients.keys()].every(hasAll)
      })
      // An event that arrives only now must not make a page wrong.
      for (let turns = 0; turns < 50; turns++) await turn()
    },
  }
}

/** Whether the first cursor is that of an older entry. */
function isBehind(cursor: string, other: string): boolean {
  const [a, b] = [parseCursor(cursor), parseCursor(other)]
  return a === undefined || b === undefined || isBefore(a.id, b.id)
}

test(
  'on RedisLog the page has the state of the server whenever both are idle',
  async () => {
    const property = fc.asyncProperty(settings, steps, (options, steps) =>
      play(inRedis(options), options, steps),
    )
    await fc.assert(property, {
      numRuns: Number(SNAPSHOT_MODEL_RUNS),
      ...(SNAPSHOT_MODEL_SEED !== undefined && { seed: Number(SNAPSHOT_MODEL_SEED) }),
    })
  },
  Number(SNAPSHOT_MODEL_RUNS) * 3_000 + 60_000,
)
