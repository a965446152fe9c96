import { mostUsedClients } from '../harness/redis-clients.ts'
import { onStage } from '../harness/stage.ts'
import { flawless } from '../harness/verdict.ts'

const KIBIBYTE = 1_024

test.each(mostUsedClients)(
  'with %s, a client that pauses while 16 MB are published costs the node some KB, and gets everything when it continues',
  (client) =>
    onStage(client, async (stage) => {
      const redis = await stage.redis()
      const [a, b] = [await stage.node(redis), await stage.node(redis)]
      const [reading, paused] = [await stage.reader(a), await stage.reader(a)]
      paused.pause()
      const publisher = stage.publisher('b', b)
      const filling = 'x'.repeat(10 * KIBIBYTE)
      for (let n = 0; n < 16; n++) await publisher.publish(100, { filling })
      expect(await stage.verdicts(reading)).toEqual([flawless])
      expect(paused.received.length).toBeLessThan(1_600)
      expect(a.hub.stats()).toMatchObject({ streams: 2, lagging: 1 })
      expect(a.buffered).toBeLessThan(256 * KIBIBYTE)
      paused.resume()
      expect(await stage.verdicts(reading, paused)).toEqual([flawless, flawless])
    })(),
)
