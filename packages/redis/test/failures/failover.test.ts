import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '@downstream/testing'
import type { HubNode } from '../harness/hub-node.ts'
import { mostUsedClients } from '../harness/redis-clients.ts'
import type { RedisServer } from '../harness/redis-server.ts'
import { onStage, type Stage } from '../harness/stage.ts'
import { flawless } from '../harness/verdict.ts'

const key = 'downstream:log'
const oneGap = { ...flawless, gaps: [expect.any(String)] }

/** A replica that has everything the master has so far, and receives nothing more. */
async function staleReplica(stage: Stage, master: RedisServer): Promise<RedisServer> {
  const link = await stage.proxy(master)
  const replica = await stage.redis({ replicaOf: link.port })
  const length = Number(await master.command('XLEN', key))
  await eventually('the replica having it all', () =>
    replica.command('XLEN', key).then(
      (copied) => Number(copied) >= length,
      // It refuses commands while it loads what its master has sent.
      () => false,
    ),
  )
  link.refuse()
  link.cut()
  return replica
}

/** The master dies and the replica replaces it; for a while the replica is not writable. */
async function failOver(master: RedisServer, replica: RedisServer, ...nodes: HubNode[]): Promise<void> {
  await master.kill()
  for (const { proxy } of nodes) proxy.retarget(replica.port)
  await sleep(200)
  await replica.command('REPLICAOF', 'NO', 'ONE')
}

/** The replica takes over, and its master continues as a replica of it: no connection is cut. */
async function swapRoles(master: RedisServer, replica: RedisServer, ...nodes: HubNode[]): Promise<void> {
  await replica.command('REPLICAOF', 'NO', 'ONE')
  for (const { proxy } of nodes) proxy.retarget(replica.port)
  await master.command('REPLICAOF', '127.0.0.1', replica.port)
}

// Concurrent, because most of the time they sleep.
describe.each(mostUsedClients)('with %s', (client) => {
  test.concurrent.each([
    ['a failover that loses acknowledged events', failOver, 0],
    ['a failover that loses them, to a replica with a slower clock,', failOver, 60_000],
    ['a failover that loses them and leaves the old master running', swapRoles, 0],
  ])('%s is one gap for connected and disconnected clients, and then continues', (_, change, ahead) =>
    onStage(client, async (stage) => {
      const master = await stage.redis()
      const [a, b] = [await stage.node(master), await stage.node(master)]
      const readers = [await stage.reader(a), await stage.reader(b)]
      const [leftBefore, leftBehind] = [await stage.reader(a), await stage.reader(b)]
      const publishers = [stage.publisher('a', a), stage.publisher('b', b)]
      const publish = async (count: number) => {
        await Promise.all(publishers.map((one) => one.publish(count, { every: 5 })))
      }
      await publish(20)
      await stage.verdicts(...readers, leftBefore, leftBehind)
      leftBefore.leave()
      const replica = await staleReplica(stage, master)
      // Ids continue after this one.
      if (ahead > 0) await master.command('XSETID', key, `${Date.now() + ahead}-0`)
      await publish(10)
      expect(await stage.verdicts(...readers, leftBehind)).toEqual([flawless, flawless, flawless])
      leftBehind.leave()

      const publishing = publish(300)
      await change(master, replica, a, b)
      await publishing
      leftBefore.visit(a)
      leftBehind.visit(b)
      const verdicts = await stage.verdicts(...readers, leftBefore, leftBehind)
      expect(verdicts).toEqual([oneGap, oneGap, oneGap, oneGap])
    })(),
  )

  test.concurrent(
    'a failover that loses acknowledged events that no process has read yet is a gap, too',
    onStage(client, async (stage) => {
      const master = await stage.redis()
      const patient = { log: { timeout: 100_000 } }
      const [a, b] = [await stage.node(master, patient), await stage.node(master)]
      const readers = [await stage.reader(a), await stage.reader(b)]
      const left = await stage.reader(b)
      const [first, second] = [stage.publisher('a', a), stage.publisher('b', b)]
      await second.publish(20)
      await eventually('all have them', () => readers.every((reader) => reader.has({ by: 'b', n: 19 })))
      left.leave()
      const replica = await staleReplica(stage, master)
      // The connections of the followers: node a has not published yet and opens another one for that. Its timeout is
      // too long to notice during the test that the old one is dead.
      a.proxy.blackHole('old')
      b.proxy.refuse()
      b.proxy.cut()
      await first.publishOne()
      a.proxy.refuse()
      await first.publish(20)
      expect(readers.some((reader) => reader.received.some((one) => 'by' in one && one.by === 'a'))).toBe(
        false,
      )
      await failOver(master, replica, a, b)
      a.proxy.cut()
      await Promise.all([a.proxy.accept(), b.proxy.accept()])
      a.proxy.cut()
      await first.publish(20)
      left.visit(a)
      expect(await stage.verdicts(...readers, left)).toEqual([oneGap, oneGap, oneGap])
    }),
  )
})
