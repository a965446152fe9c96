import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '@downstream/testing'
import { allClients } from '../harness/redis-clients.ts'
import type { RedisServer } from '../harness/redis-server.ts'
import { onStage, type Stage } from '../harness/stage.ts'
import { flawless } from '../harness/verdict.ts'

/** Two nodes on a Redis that has been used for a while, and a client that has left in the middle of that. */
async function begin(stage: Stage, redis: RedisServer) {
  const [a, b] = [await stage.node(redis), await stage.node(redis)]
  const readers = [await stage.reader(a), await stage.reader(b)]
  const away = await stage.reader(a)
  const publishers = [stage.publisher('a', a), stage.publisher('b', b)]
  const publish = async (count: number) => {
    await Promise.all(publishers.map((one) => one.publish(count, { every: 5 })))
  }
  await publish(20)
  away.leave()
  return { a, b, readers, away, publish }
}

// All at once: most of the time they sleep.
describe.each(allClients)('with %s', (client) => {
  test.concurrent(
    'a Redis with an append-only file that is killed and started again loses nothing, and no client gets a gap',
    onStage(client, async (stage) => {
      const redis = await stage.redis({ persistent: true })
      const { b, readers, away, publish } = await begin(stage, redis)
      const publishing = publish(300)
      await sleep(300)
      await redis.kill()
      await sleep(300)
      await redis.restart()
      await publishing
      away.visit(b)
      expect(await stage.verdicts(...readers, away)).toEqual([flawless, flawless, flawless])
    }),
  )

  test.concurrent(
    'a Redis without persistence that is killed and started again is one gap for every client, and later events arrive',
    onStage(client, async (stage) => {
      const redis = await stage.redis()
      const { a, b, readers, away, publish } = await begin(stage, redis)
      const publishing = publish(300)
      await sleep(300)
      await redis.kill()
      await sleep(300)
      await redis.restart()
      await publishing
      await eventually('both nodes being up', () => [a, b].every(({ hub }) => hub.stats().log === 'up'))
      away.visit(b)
      const oneGap = { ...flawless, gaps: [expect.any(String)] }
      expect(await stage.verdicts(...readers, away)).toEqual([oneGap, oneGap, oneGap])
      // It is not told again.
      away.visit(a)
      await publish(10)
      expect(await stage.verdicts(...readers, away)).toEqual([oneGap, oneGap, oneGap])
    }),
  )

  test.concurrent(
    'a Redis that starts again with an older backup is one gap for every client, and later events arrive',
    onStage(client, async (stage) => {
      const redis = await stage.redis()
      const { a, b, readers, away, publish } = await begin(stage, redis)
      await redis.command('SAVE')
      await publish(20)
      await eventually('all having them', () => readers.every((reader) => reader.has({ by: 'b', n: 39 })))
      await redis.kill()
      await redis.restart()
      await eventually('both nodes being up', () => [a, b].every(({ hub }) => hub.stats().log === 'up'))
      await publish(20)
      away.visit(b)
      const oneGap = { ...flawless, gaps: [expect.any(String)] }
      expect(await stage.verdicts(...readers, away)).toEqual([oneGap, oneGap, oneGap])
    }),
  )

  test.concurrent(
    'a stream that is deleted under open connections is one gap for every client, and later events arrive',
    onStage(client, async (stage) => {
      const redis = await stage.redis()
      const { a, b, readers, away, publish } = await begin(stage, redis)
      const publishing = publish(200)
      await sleep(300)
      await redis.command('FLUSHALL')
      await publishing
      away.visit(b)
      const oneGap = { ...flawless, gaps: [expect.any(String)] }
      expect(await stage.verdicts(...readers, away)).toEqual([oneGap, oneGap, oneGap])
      expect([...a.states, ...b.states]).toEqual(['up', 'up'])
    }),
  )

  // It got 'expired' for its own cursor, and 'log-changed' when the process noticed, up to two seconds later.
  test.concurrent(
    'a client that returns before its process has noticed that the stream was deleted gets one gap, not two',
    onStage(client, async (stage) => {
      const redis = await stage.redis()
      const { a, readers, away, publish } = await begin(stage, redis)
      await stage.verdicts(...readers)
      await redis.command('FLUSHALL')
      away.visit(a)
      await eventually('a gap for it', () => away.received.some((one) => 'gap' in one))
      await publish(10)
      const oneGap = { ...flawless, gaps: ['log-changed'] }
      expect(await stage.verdicts(...readers, away)).toEqual([oneGap, oneGap, oneGap])
    }),
  )
})
