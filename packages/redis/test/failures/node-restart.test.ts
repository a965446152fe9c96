import { mostUsedClients } from '../harness/redis-clients.ts'
import { onStage } from '../harness/stage.ts'
import { flawless } from '../harness/verdict.ts'

/** At how many positions of the log the clients are. */
const POSITIONS = 40

/** Whether a command reads several entries: for a tail, or for a client that is not in it. */
const readsEntries = (command: string[]) =>
  /^XREV|^XRANGE/.test(command[0] ?? '') && Number(command[command.indexOf('COUNT') + 1]) > 1

describe.each(mostUsedClients)('with %s', (client) => {
  test.each([
    ['two hundred clients that come back to a node that was restarted', 200],
    ['a thousand clients that come to a fresh node at once', 1_000],
  ])('%s miss nothing, and cost Redis only a few reads', (_, count) =>
    onStage(client, async (stage) => {
      const redis = await stage.redis()
      const [a, b] = [await stage.node(redis), await stage.node(redis)]
      const readers = await stage.readers(count, a)
      const publisher = stage.publisher('b', b)
      // Clients that have received only the start of an empty log have no entry.
      await stage.verdicts(...readers)
      for (const [n, reader] of readers.entries()) {
        if (n % (count / POSITIONS) === 0) await publisher.publish(1)
        reader.leave()
      }
      await a.close()
      await publisher.publish(100)
      const commands = await redis.commandsDuring(async () => {
        const fresh = await stage.node(a.proxy)
        for (const reader of readers) reader.visit(fresh)
        expect(await stage.verdicts(...readers)).toEqual(readers.map(() => flawless))
      })
      const reads = commands.filter(readsEntries)
      expect(reads.length).toBeGreaterThan(0)
      expect(reads.length).toBeLessThanOrEqual(3)
    })(),
  )
})
