import { setTimeout as sleep } from 'node:timers/promises'
import { mostUsedClients } from '../harness/redis-clients.ts'
import { onStage } from '../harness/stage.ts'
import { flawless } from '../harness/verdict.ts'

test.concurrent.each(mostUsedClients)(
  'with %s, a client that hops between a node and one that is 300 ms behind gets all, once',
  (client) =>
    onStage(client, async (stage) => {
      const redis = await stage.redis()
      const [a, b] = [await stage.node(redis), await stage.node(redis)]
      const readers = [await stage.reader(a), await stage.reader(b), await stage.reader(b)]
      const [, , hopper] = readers
      a.proxy.delay(300)
      const publishers = [stage.publisher('a', a), stage.publisher('b', b)]
      const publishing = Promise.all(publishers.map((one) => one.publish(400, { every: 5 })))
      for (let n = 0; n < 30; n++) {
        await sleep(70)
        hopper?.visit(n % 2 === 0 ? a : b)
      }
      await publishing
      expect(await stage.verdicts(...readers)).toEqual([flawless, flawless, flawless])
      hopper?.visit(a)
      expect(await stage.verdicts(...readers)).toEqual([flawless, flawless, flawless])
    })(),
)
