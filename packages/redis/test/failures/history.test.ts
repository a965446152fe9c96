import { eventually } from '@downstream/testing'
import { mostUsedClients } from '../harness/redis-clients.ts'
import { onStage, type Stage } from '../harness/stage.ts'
import { flawless } from '../harness/verdict.ts'

const maxLength = 200
/** There is no gap for what a node holds, even if the log has dropped it. */
const tail = { length: 100 }
/** Redis drops a hundred entries at a time, so this is more than the log ever holds. */
const PAST_THE_LOG = 2 * maxLength

/** Two nodes with a short log, and a function that publishes slowly enough for followers. */
async function begin(stage: Stage) {
  const redis = await stage.redis()
  const options = { log: { maxLength }, hub: { tail } }
  const [a, b] = [await stage.node(redis, options), await stage.node(redis, options)]
  const publisher = stage.publisher('b', b)
  const publish = async (count: number) => {
    for (let n = 0; n < count; n += 20) {
      await publisher.publish(20)
      await eventually('node b has it', () => b.hub.stats().published >= publisher.numbers.size)
    }
  }
  return { a, b, publish }
}

describe.each(mostUsedClients)('with %s', (client) => {
  test(
    'a client that was offline for longer than the log reaches gets one gap, and no second one',
    onStage(client, async (stage) => {
      const { a, b, publish } = await begin(stage)
      const [stayed, left, hasty] = await stage.readers(3, b)
      if (stayed === undefined || left === undefined || hasty === undefined) throw new Error('no readers')
      await publish(20)
      expect(await stage.verdicts(stayed, left, hasty)).toEqual([flawless, flawless, flawless])
      left.leave()
      hasty.leave()
      await publish(PAST_THE_LOG)
      left.visit(b)
      // It disconnects after it has received only the gap.
      hasty.visit(b)
      await eventually('the gap', () => hasty.received.some((one) => 'gap' in one))
      hasty.visit(a)
      const oneGapOnly = { ...flawless, gaps: ['expired'] }
      expect(await stage.verdicts(stayed, left, hasty)).toEqual([flawless, oneGapOnly, oneGapOnly])
      left.leave()
      await publish(20)
      left.visit(a)
      expect(await stage.verdicts(stayed, left)).toEqual([flawless, oneGapOnly])
    }),
  )

  test(
    'a client that was offline for longer than the node holds, but not the log, misses nothing',
    onStage(client, async (stage) => {
      const redis = await stage.redis()
      const node = await stage.node(redis, { log: { maxLength: 5_000 }, hub: { tail: { length: 50 } } })
      const [stayed, left] = [await stage.reader(node), await stage.reader(node)]
      const publisher = stage.publisher('a', node)
      await publisher.publish(20)
      expect(await stage.verdicts(stayed, left)).toEqual([flawless, flawless])
      left.leave()
      await publisher.publish(2_000)
      left.visit(node)
      expect(await stage.verdicts(stayed, left)).toEqual([flawless, flawless])
      expect(node.hub.stats().tail.length).toBe(50)
    }),
  )

  test(
    'a node that is disconnected while more is published than the log holds sends its clients one gap, and continues',
    onStage(client, async (stage) => {
      const { a, b, publish } = await begin(stage)
      const readers = [await stage.reader(a), await stage.reader(b)]
      await publish(20)
      expect(await stage.verdicts(...readers)).toEqual([flawless, flawless])
      a.proxy.refuse()
      a.proxy.cut()
      await eventually('node a noticing', () => a.hub.stats().log === 'down')
      await publish(PAST_THE_LOG)
      await a.proxy.accept()
      await eventually('node a is up again', () => a.hub.stats().log === 'up')
      await publish(100)
      expect(await stage.verdicts(...readers)).toEqual([{ ...flawless, gaps: ['trimmed'] }, flawless])
    }),
  )
})
