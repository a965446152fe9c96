import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '@downstream/testing'
import { allClients } from '../harness/redis-clients.ts'
import { onStage } from '../harness/stage.ts'
import { flawless } from '../harness/verdict.ts'

describe.each(allClients)('with %s', (client) => {
  test(
    'a node that loses its connection ten times loses no event, nor do clients that switch to it and back',
    onStage(client, async (stage) => {
      const redis = await stage.redis()
      const [a, b] = [await stage.node(redis), await stage.node(redis)]
      const readers = [await stage.reader(a), await stage.reader(b), await stage.reader(a)]
      const [, , hopper] = readers
      const publishers = [stage.publisher('a', a), stage.publisher('b', b)]
      const { accepted } = a.proxy
      const publishing = Promise.all(publishers.map((one) => one.publish(800, { every: 2 })))
      for (let n = 0; n < 12; n++) {
        await sleep(100)
        hopper?.visit(n % 2 === 0 ? b : a)
        if (n < 2) continue
        await eventually('node a is up again', () => a.hub.stats().log === 'up')
        a.proxy.cut()
      }
      await publishing
      expect(await stage.verdicts(...readers)).toEqual([flawless, flawless, flawless])
      // Each time at least the reader opened a new connection.
      expect(a.proxy.accepted - accepted).toBeGreaterThanOrEqual(10)
    }),
  )
})
