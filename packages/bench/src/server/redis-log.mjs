// One process of several that share a hub: follows the log and records the delay of each event.
import { RedisLog } from '@downstream/redis'
import { answer } from '../measure/rpc.mjs'
import { redisClients } from './redis-clients.mjs'

/** In ms. @type {number[]} */
let late = []

answer({
  /** @param {{ port: number, client: keyof typeof redisClients }} options */
  follow({ port, client }) {
    const log = new RedisLog(redisClients[client](port))
    return new Promise((resolve, reject) => {
      log.follow(
        {
          start: () => resolve(undefined),
          state() {},
          reset: (_, reason) => reject(new Error(`Events are missing: ${reason}`)),
          entries(batch) {
            const now = performance.timeOrigin + performance.now()
            for (const { data } of batch) late.push(now - Number(data.slice(0, data.indexOf(' '))))
          },
        },
        { backlog: { length: 0, bytes: 0 } },
      )
    })
  },
  usage: () => process.cpuUsage(),
  received: () => late.length,
  late() {
    const all = late
    late = []
    return all
  },
})
