import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '@downstream/testing'
import { allClients } from '../harness/redis-clients.ts'
import type { RedisServer } from '../harness/redis-server.ts'
import { onStage, type Stage } from '../harness/stage.ts'
import { flawless } from '../harness/verdict.ts'

/** Two nodes on a Redis that already holds entries, and a client that disconnected in the middle of them. */
async function begin(stage: Stage, redis: RedisServer) {
  const [a, b] = [await stage.node(redis), await stage.node(redis)]
  const readers = [await stage.reader(a), await stage.reader(b)]
  const left = await stage.reader(a)
  const publishers = [stage.publisher('a', a), stage.publisher('b', b)]
  const publish = async (count: number) => {
    await Promise.all(publishers.map((one) => one.publish(count, { every: 5 })))
  }
  await publish(20)
  left.leave()
  return { a, b, readers, left, publish }
}

// Concurrent, because most of the time they sleep.
describe.each(allClients)('with %s', (client) => {
  test.concurrent(
    'a Redis with an append-only file that is killed and restarted loses nothing, and no client gets a gap',
    onStage(client, async (stage) => {
      const redis = await stage.redis({ persistent: true })
      const { b, readers, left, publish } = await begin(stage, redis)
      const publishing = publish(300)
      await sleep(300)
      await redis.kill()
      await sleep(300)
      await redis.restart()
      await publishing
      left.visit(b)
      expect(await stage.verdicts(...readers, left)).toEqual([flawless, flawless, flawless])
    }),
  )

  test.concurrent(
    'a Redis without persistence that is killed and restarted is one gap for every client, and then continues',
    onStage(client, async (stage) => {
      const redis = await stage.redis()
      const { a, b, readers, left, publish } = await begin(stage, redis)
      const publishing = publish(300)
      await sleep(300)
      await redis.kill()
      await sleep(300)
      await redis.restart()
      await publishing
      await eventually('both nodes are up', () => [a, b].every(({ hub }) => hub.stats().log === 'up'))
      left.visit(b)
      const oneGap = { ...flawless, gaps: [expect.any(String)] }
      expect(await stage.verdicts(...readers, left)).toEqual([oneGap, oneGap, oneGap])
      // It gets no second gap.
      left.visit(a)
      await publish(10)
      expect(await stage.verdicts(...readers, left)).toEqual([oneGap, oneGap, oneGap])
    }),
  )

  test.concurrent(
    'a Redis that restarts with an older backup is one gap for every client, and then continues',
    onStage(client, async (stage) => {
      const redis = await stage.redis()
      const { a, b, readers, left, publish } = await begin(stage, redis)
      await redis.command('SAVE')
      await publish(20)
      await eventually('all have them', () => readers.every((reader) => reader.has({ by: 'b', n: 39 })))
      await redis.kill()
      await redis.restart()
      await eventually('both nodes are up', () => [a, b].every(({ hub }) => hub.stats().log === 'up'))
      await publish(20)
      left.visit(b)
      const oneGap = { ...flawless, gaps: [expect.any(String)] }
      expect(await stage.verdicts(...readers, left)).toEqual([oneGap, oneGap, oneGap])
    }),
  )

  test.concurrent(
    'a stream that is deleted while connections are open is one gap for every client, and then continues',
    onStage(client, async (stage) => {
      const redis = await stage.redis()
      const { a, b, readers, left, publish } = await begin(stage, redis)
      const publishing = publish(200)
      await sleep(300)
      await redis.command('FLUSHALL')
      await publishing
      left.visit(b)
      const oneGap = { ...flawless, gaps: [expect.any(String)] }
      expect(await stage.verdicts(...readers, left)).toEqual([oneGap, oneGap, oneGap])
      expect([...a.states, ...b.states]).toEqual(['up', 'up'])
    }),
  )

  // The client got 'expired' for its own cursor, and 'log-changed' when the process noticed, up to two seconds later.
  test.concurrent(
    'a client that reconnects before its process has noticed that the stream was deleted gets one gap, not two',
    onStage(client, async (stage) => {
      const redis = await stage.redis()
      const { a, readers, left, publish } = await begin(stage, redis)
      await stage.verdicts(...readers)
      await redis.command('FLUSHALL')
      left.visit(a)
      await eventually('a gap for it', () => left.received.some((one) => 'gap' in one))
      await publish(10)
      const oneGap = { ...flawless, gaps: ['log-changed'] }
      expect(await stage.verdicts(...readers, left)).toEqual([oneGap, oneGap, oneGap])
    }),
  )
})
