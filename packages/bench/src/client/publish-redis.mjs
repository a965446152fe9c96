// Another process that shares the hub: publishes at a rate.
import { setTimeout as sleep } from 'node:timers/promises'
import { RedisLog } from '@downstream/redis'
import { answer } from '../measure/rpc.mjs'
import { redisClients } from '../server/redis-clients.mjs'

/** @type {RedisLog | undefined} */
let log

answer({
  /** @param {{ port: number, client: keyof typeof redisClients, count: number, rate: number }} options */
  async publish({ port, client, count, rate }) {
    log ??= new RedisLog(redisClients[client](port))
    const text = 'x'.repeat(100)
    const started = performance.now()
    /** @type {Promise<unknown>[]} */
    const appends = []
    while (appends.length < count) {
      const due = Math.min(count, Math.ceil(((performance.now() - started) / 1_000) * rate))
      while (appends.length < due) {
        const data = `${performance.timeOrigin + performance.now()} ${text}`
        appends.push(log.append({ channels: ['news'], data }))
      }
      await sleep(1)
    }
    await Promise.all(appends)
  },
})
