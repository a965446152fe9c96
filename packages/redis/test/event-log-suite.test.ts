import { eventLogSuite } from '@downstream/testing'
import { RedisLog } from '../src/redis-log.ts'
import { countRows } from './harness/count-rows.ts'
import { FaultyProxy } from './harness/faulty-proxy.ts'
import { allClients, redisClients } from './harness/redis-clients.ts'
import { RedisServer } from './harness/redis-server.ts'

let server: RedisServer
let proxy: FaultyProxy

beforeAll(async () => {
  server = await RedisServer.start()
  proxy = await FaultyProxy.open(server.port)
})

afterAll(async () => {
  proxy?.close()
  await server?.close()
})

const maxLength = 200
let count = 0

describe.each(allClients)('RedisLog on %s', (name) => {
  eventLogSuite({
    test,
    create() {
      const { client, close } = redisClients[name](proxy.port)
      const key = `log ${count++}`
      let scanned = 0
      const counted = countRows(client, (rows) => {
        scanned += rows
      })
      // A busy machine may not answer within the default, 5 s.
      const connect = () => new RedisLog(counted, { key, maxLength, timeout: 60_000 })
      return {
        log: connect(),
        // Redis drops a hundred entries at a time, and only once it holds a hundred too many.
        bounds: { length: maxLength, slack: 200 },
        connect,
        clear: async () => void (await server.command('DEL', key)),
        cut() {
          proxy.refuse()
          proxy.cut()
          return () => proxy.accept()
        },
        scanned: () => scanned,
        close,
      }
    },
  })
})
