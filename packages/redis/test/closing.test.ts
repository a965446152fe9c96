import { eventually } from '@downstream/testing'
import { freePorts } from '../../../scripts/free-ports.mjs'
import { RedisLog } from '../src/redis-log.ts'
import { clusterClients, redisClients } from './harness/redis-clients.ts'
import { RedisServer } from './harness/redis-server.ts'

const follower = { start() {}, entries() {}, reset() {}, state() {} }

let server: RedisServer

afterEach(() => server?.close())

async function connections(): Promise<number> {
  const list = String(await server.command('CLIENT', 'LIST'))
  return list.trim().split('\n').length
}

test.each([...Object.entries(redisClients), ...Object.entries(clusterClients)])(
  'a log that is closed while it connects leaves no connection: %s',
  async (name, create) => {
    server = await RedisServer.start(name in clusterClients ? { cluster: await freePorts() } : {})
    const { client, close } = create(server.port)
    for (let turns = 0; turns < 10; turns++) {
      const log = new RedisLog(client)
      const followed = log.follow(follower, { backlog: { length: 0, bytes: 1_000_000 } })
      const appended = log.append({ channels: ['c'], data: 'd' }).catch(() => {})
      for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate)
      await Promise.all([log.close(), followed, appended])
    }
    close()
    await eventually('no connection but the one that asks', async () => (await connections()) === 1)
  },
)
