import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '@downstream/testing'
import { mostUsedClients } from '../harness/redis-clients.ts'
import { onStage } from '../harness/stage.ts'
import { flawless } from '../harness/verdict.ts'

describe.each(mostUsedClients)('with %s', (client) => {
  test(
    'while Redis is down streams stay open and receive nothing, and publishing is refused',
    onStage(client, async (stage) => {
      const redis = await stage.redis({ persistent: true })
      const node = await stage.node(redis)
      const reader = await stage.reader(node)
      const publisher = stage.publisher('a', node)
      expect(await stage.verdicts(reader)).toEqual([flawless])
      expect(node.hub.stats().log).toBe('up')
      await redis.kill()
      await eventually('the node noticing', () => node.hub.stats().log === 'down')
      expect(node.states).toEqual(['up', 'down'])
      await publisher.publish(20, { every: 20 })
      expect(publisher.errors.length).toBe(20)
      for (const error of publisher.errors) {
        expect(error).toMatchObject({ name: 'SseError', code: 'ERR_SSE_LOG_UNAVAILABLE' })
      }
      // A client that connects now waits, too.
      const newcomer = stage.newcomer(node)
      await eventually('the stream is open', () => newcomer.opened === 1)
      expect(node.hub.stats().streams).toBe(2)
      expect([reader.opened, reader.received.length, newcomer.received.length]).toEqual([1, 1, 0])
      await redis.restart()
      expect(await stage.verdicts(reader)).toEqual([flawless])
      // It receives what is published from its connection on.
      await eventually('the newcomer has the last event, too', () => newcomer.received.length > 0)
      expect(newcomer.received).toEqual(reader.received.slice(-newcomer.received.length))
      expect([reader.opened, newcomer.opened]).toEqual([1, 1])
      // The log is up when events can be published too, which is tried again after a pause.
      await eventually('the log is up', () => node.hub.stats().log === 'up')
      expect(node.states).toEqual(['up', 'down', 'up'])
    }),
  )

  test.each([
    ['refuses connections', 'refuse'],
    ['swallows everything', 'blackHole'],
  ] as const)('a node that starts while Redis %s waits, and so do its clients', (_, fault) =>
    onStage(client, async (stage) => {
      const redis = await stage.redis()
      const proxy = await stage.proxy(redis)
      proxy[fault]()
      const node = await stage.node(proxy, { log: { timeout: 1_500 } })
      let ready = false
      const wait = node.hub.ready().then(() => {
        ready = true
      })
      const newcomer = stage.newcomer(node)
      await eventually('the stream is open', () => newcomer.opened === 1)
      const publisher = stage.publisher('a', node)
      await publisher.publish(1)
      expect(publisher.errors).toEqual([expect.objectContaining({ code: 'ERR_SSE_LOG_UNAVAILABLE' })])
      await eventually('the node noticing', () => node.states.length > 0)
      expect(node.states).toEqual(['down'])
      expect([ready, newcomer.lastEventId, node.hub.stats().log]).toEqual([false, '', 'down'])
      proxy.heal()
      await proxy.accept()
      await wait
      await eventually('the client has an id', () => newcomer.lastEventId !== '')
      expect(await stage.verdicts(newcomer)).toEqual([flawless])
      await eventually('the log is up', () => node.hub.stats().log === 'up')
      expect(node.states).toEqual(['down', 'up'])
    })(),
  )

  test(
    'a Redis that has no memory left refuses events and nothing else',
    onStage(client, async (stage) => {
      const redis = await stage.redis()
      const node = await stage.node(redis)
      const reader = await stage.reader(node)
      const publisher = stage.publisher('a', node)
      await publisher.publish(10)
      await redis.command('CONFIG', 'SET', 'maxmemory', '1')
      await publisher.publish(10)
      expect(publisher.errors.map(String)).toEqual(Array(10).fill(expect.stringContaining('OOM')))
      await redis.command('CONFIG', 'SET', 'maxmemory', '0')
      expect(await stage.verdicts(reader)).toEqual([flawless])
      expect([node.states, reader.opened]).toEqual([['up'], 1])
    }),
  )

  test(
    'a Redis that closes idle connections costs no event',
    onStage(client, async (stage) => {
      const redis = await stage.redis()
      const node = await stage.node(redis)
      const reader = await stage.reader(node)
      const publisher = stage.publisher('a', node)
      await publisher.publish(10)
      const { open } = node.proxy
      await redis.command('CONFIG', 'SET', 'timeout', '1')
      await eventually('idle connections are closed', () => node.proxy.open < open)
      await redis.command('CONFIG', 'SET', 'timeout', '0')
      await publisher.publish(10)
      expect(publisher.errors).toEqual([])
      expect(await stage.verdicts(reader)).toEqual([flawless])
      expect(node.states).toEqual(['up'])
    }),
  )

  test(
    'a key of another type is reported, and waited for',
    onStage(client, async (stage) => {
      const redis = await stage.redis()
      await redis.command('SET', 'downstream:log', 'something else')
      const node = await stage.node(await stage.proxy(redis))
      await eventually('the node noticing', () => node.states.length > 0)
      expect(node.states).toEqual(['down'])
      expect(String(node.errors[0])).toContain('WRONGTYPE')
      await redis.command('DEL', 'downstream:log')
      const reader = await stage.reader(node)
      stage.publisher('a', node)
      expect(await stage.verdicts(reader)).toEqual([flawless])
    }),
  )

  test.each(['up', 'killed', 'frozen', 'cut off'])('a hub can be closed while its Redis is %s', (how) =>
    onStage(client, async (stage) => {
      const redis = await stage.redis()
      const node = await stage.node(redis, { log: { timeout: 500 } })
      await stage.reader(node)
      if (how === 'killed') await redis.kill()
      if (how === 'frozen') redis.freeze()
      if (how === 'cut off') node.proxy.blackHole()
      const answer = node.hub.publish('news', { data: { by: 'a', n: 0 } }).catch(() => {})
      await sleep(10)
      await Promise.all([node.hub.close(), answer])
      await node.close()
      await eventually('no connection is left', () => how === 'cut off' || node.proxy.open === 0)
    })(),
  )
})
