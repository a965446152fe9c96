import { eventually } from '@downstream/testing'
import { onStage } from '../harness/stage.ts'

// The commands went to the old master, the follower read from the new one: each publish was acknowledged, lost, and a
// gap for every client, while the log reported that it was up.
test(
  'publishing to a master that no process reads from stops, with few gaps, and continues when it reaches the other',
  onStage('ioredis 6', async (stage) => {
    const old = await stage.redis()
    const node = await stage.node(old)
    const reader = await stage.reader(node)
    const publisher = stage.publisher('a', node)
    await publisher.publish(5)
    await eventually('all of them', () => reader.has({ by: 'a', n: 4 }))
    const replica = await stage.redis({ replicaOf: old.port })
    await eventually('the replica has everything', async () => {
      return (
        (await replica.command('XLEN', 'downstream:log')) === (await old.command('XLEN', 'downstream:log'))
      )
    })
    await replica.command('REPLICAOF', 'NO', 'ONE')
    // Only the follower is moved. Its connection was opened after that of the app's own client.
    const { accepted } = node.proxy
    node.proxy.retarget(replica.port)
    node.proxy.cutOne(1)
    await eventually('the follower at the new master', () => node.proxy.accepted > accepted)
    node.proxy.retarget(old.port)
    await eventually('publishing is refused', async () => {
      await publisher.publish(10)
      return publisher.errors.length > 0
    })
    await eventually('a gap', () => reader.received.some((one) => 'gap' in one))
    await eventually('the log is down', () => node.states.includes('down'))
    expect(publisher.errors.map(String).join()).toContain('different servers')
    expect(reader.received.filter((one) => 'gap' in one).length).toBeLessThanOrEqual(2)
    node.proxy.retarget(replica.port)
    const [verdict] = await stage.verdicts(reader)
    expect(verdict).toMatchObject({ missing: 0, duplicate: 0, outOfOrder: 0 })
    await eventually('the log is up', () => node.states.at(-1) === 'up')
  }),
)
