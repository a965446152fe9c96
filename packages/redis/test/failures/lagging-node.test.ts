import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '@downstream/testing'
import { mostUsedClients } from '../harness/redis-clients.ts'
import { onStage } from '../harness/stage.ts'
import { flawless } from '../harness/verdict.ts'

test.concurrent.each(mostUsedClients)(
  'with %s, a client that switches between a node and one with a lag of 300 ms gets everything once',
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

test.concurrent(
  'a node that cannot read the log reports a growing lag, until it has read everything',
  onStage('ioredis 6', async (stage) => {
    const redis = await stage.redis()
    const [a, b] = [await stage.node(redis), await stage.node(redis)]
    const reader = await stage.reader(a)
    const publisher = stage.publisher('b', b)
    await publisher.publish(10)
    const behind = () => a.hub.stats().behind
    await eventually('no lag', () => behind() === 0)
    a.proxy.refuse()
    a.proxy.cut()
    await eventually('a lag', () => behind() > 0)
    const before = behind()
    await eventually('the lag having grown', () => behind() > before)
    await publisher.publish(10)
    await a.proxy.accept()
    expect(await stage.verdicts(reader)).toEqual([flawless])
    await eventually('no lag again', () => behind() === 0)
  }),
)
