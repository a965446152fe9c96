import { eventually } from '@downstream/testing'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { RedisLog } from '../../src/index.ts'
import { RecordingFollower } from '../harness/recording-follower.ts'
import { RedisServer } from '../harness/redis-server.ts'

// hub.ready() hung, and nothing said why.
test.each<[string, (port: number) => Redis | ReturnType<typeof createClient>]>([
  ['ioredis', (port) => new Redis(port, '127.0.0.1', { password: 'wrong', lazyConnect: true })],
  ['node-redis', (port) => createClient({ url: `redis://:wrong@127.0.0.1:${port}` })],
])('a wrong password is told as what does not heal by itself: %s', async (_, create) => {
  const server = await RedisServer.start()
  await server.command('ACL', 'SETUSER', 'default', '>right')
  const log = new RedisLog(create(server.port))
  try {
    const follower = RecordingFollower.of(log)
    await eventually(
      'the refusal',
      () => follower.states.some((state) => state.includes('Redis refuses this program')),
      () => follower.states,
    )
    expect(follower.states[0]).toBe('down')
  } finally {
    await log.close()
    await server.close()
  }
})
