import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '@downstream/testing'
import type { HubNode } from '../harness/hub-node.ts'
import { mostUsedClients } from '../harness/redis-clients.ts'
import { onStage } from '../harness/stage.ts'
import { flawless } from '../harness/verdict.ts'

/** A watchdog with a short timeout. */
const options = { log: { timeout: 500 } }

/** The watchdog has noticed the silence, and the log has tried to reconnect for a while without success. */
async function triesWithoutSuccess(...nodes: HubNode[]): Promise<void> {
  await eventually('the watchdog', () => nodes.every(({ hub }) => hub.stats().log === 'down'))
  await sleep(1_500)
  expect(nodes.map(({ hub }) => hub.stats().log)).toEqual(nodes.map(() => 'down'))
}

// Concurrent, because most of the time they wait for a watchdog.
describe.each(mostUsedClients)('with %s', (client) => {
  test.concurrent(
    'a node whose network drops everything for a while has all events afterwards',
    onStage(client, async (stage) => {
      const redis = await stage.redis()
      const [a, b] = [await stage.node(redis, options), await stage.node(redis, options)]
      const readers = [await stage.reader(a), await stage.reader(b)]
      const publishing = stage.publisher('b', b).publish(500, { every: 10 })
      await sleep(300)
      a.proxy.blackHole()
      await triesWithoutSuccess(a)
      a.proxy.heal()
      await publishing
      expect(await stage.verdicts(...readers)).toEqual([flawless, flawless])
    }),
  )

  test.concurrent(
    'a node whose open connections are dead, though new ones work, opens one new reader and has all events',
    onStage(client, async (stage) => {
      const redis = await stage.redis()
      const [a, b] = [await stage.node(redis, { log: { timeout: 3_000 } }), await stage.node(redis)]
      const readers = [await stage.reader(a), await stage.reader(b)]
      const { accepted } = a.proxy
      a.proxy.blackHole('old')
      await stage.publisher('b', b).publish(100, { every: 10 })
      expect(await stage.verdicts(...readers)).toEqual([flawless, flawless])
      expect(a.proxy.accepted - accepted).toBe(1)
      await eventually('the log is up', () => a.hub.stats().log === 'up')
      expect(a.states).toEqual(['up', 'down', 'up'])
    }),
  )

  test.concurrent(
    'a Redis that hangs for a while loses and repeats nothing',
    onStage(client, async (stage) => {
      const redis = await stage.redis()
      const [a, b] = [await stage.node(redis, options), await stage.node(redis, options)]
      const readers = [await stage.reader(a), await stage.reader(b)]
      const publishers = [stage.publisher('a', a), stage.publisher('b', b)]
      const publishing = Promise.all(publishers.map((one) => one.publish(500, { every: 10 })))
      await sleep(300)
      redis.freeze()
      await triesWithoutSuccess(a, b)
      redis.thaw()
      await publishing
      expect(await stage.verdicts(...readers)).toEqual([flawless, flawless])
      for (const { errors } of publishers) {
        expect(errors.length).toBeGreaterThan(0)
        for (const error of errors) expect(error).toMatchObject({ code: 'ERR_SSE_LOG_UNAVAILABLE' })
      }
    }),
  )
})
