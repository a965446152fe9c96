import type { Connect } from '../src/connection/connect.ts'
import { Publisher } from '../src/publisher.ts'
import { type RedisLogOptions, resolveRedisLogOptions } from '../src/redis-log-options.ts'

/** The entry that the follower has read last. */
const position = { id: '9-0', nonce: 'followed' }
const entry = (data: string) => ({ channels: ['c'], data })
/** What is sent on a new connection: for the fence. */
const GREETING = ['CLIENT']

/** A publisher, and the server `one`, which has that entry or not. */
function start(options: RedisLogOptions = {}) {
  const redis = { has: true, commands: [] as string[] }
  const connect: Connect = () => ({
    opened: Promise.resolve(),
    async send([command = '']) {
      redis.commands.push(command)
      if (command === 'XADD') return '10-0'
      return command === 'XRANGE' && redis.has ? [['9-0', ['n', 'followed', 'c', 'c', 'd', 'd']]] : []
    },
    subscribe: async () => {},
    unsubscribe: async () => {},
    close() {},
  })
  const publisher = new Publisher(
    connect,
    async () => 'one',
    resolveRedisLogOptions(options),
    () => position,
  )
  return { redis, publisher, add: (data = 'x') => publisher.add(entry(data), () => {}) }
}

test.each<[what: string, maxPendingBytes: number, together: number, data: string]>([
  ['one that is larger than maxPendingBytes, if nothing else is pending', 500, 1, 'x'.repeat(1_000)],
  ['two that fit together, again when the last two are no longer pending', 2_100, 2, 'x'],
])('sends %s', async (_, maxPendingBytes, together, data) => {
  const { add } = start({ maxPendingBytes })
  for (let round = 0; round < 3; round++) {
    const added = Array.from({ length: together }, () => add(data))
    await expect(Promise.all(added)).resolves.toHaveLength(together)
  }
  const tooMany = Array.from({ length: together + 1 }, () => add(data))
  await expect(Promise.all(tooMany)).rejects.toMatchObject({ code: 'ERR_SSE_LOG_BUSY' })
})

// Two masters: it confirms what no follower reads. Each reconnect to the same one would lose what is published next.
test('a publisher whose server lacks an entry adds nothing there until the server has that entry', async () => {
  const now = jest.spyOn(performance, 'now').mockReturnValue(1_000)
  try {
    const { redis, publisher, add } = start()
    await add()
    await publisher.suspect(position, 'one')
    expect(redis.commands).not.toContain('XRANGE')
    redis.has = false
    await publisher.suspect(position, 'two')
    for (const time of [1_000, 10_000, 20_000]) {
      now.mockReturnValue(time)
      redis.commands.length = 0
      await expect(add()).rejects.toThrow('different servers')
      expect(redis.commands).not.toContain('XADD')
    }
    // The last attempt has looked.
    expect(redis.commands).toContain('XRANGE')
    redis.has = true
    now.mockReturnValue(30_000)
    await add()
    publisher.drop(new Error('lost'))
    redis.commands.length = 0
    await add()
    expect(redis.commands).not.toContain('XRANGE')
  } finally {
    now.mockRestore()
  }
})

test('a publisher keeps its connection to a server that has the entry', async () => {
  const { redis, publisher, add } = start()
  await add()
  await publisher.suspect(position, 'two')
  await add()
  expect(redis.commands).toEqual([...GREETING, 'XADD', 'XRANGE', 'XADD'])
})

test('a server that did not answer stays suspected', async () => {
  const { redis, publisher, add } = start()
  await add()
  redis.has = false
  const suspected = publisher.suspect(position, 'two')
  publisher.drop(new Error('lost'))
  await expect(suspected).rejects.toThrow('lost')
  await expect(add()).rejects.toThrow('different servers')
})
