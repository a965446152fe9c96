import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
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

test.each<[string, (port: number) => Redis | ReturnType<typeof createClient>]>([
  [
    'ioredis',
    (port) =>
      new Redis(port, '127.0.0.1', { username: 'downstream', password: 'password', lazyConnect: true }),
  ],
  ['node-redis', (port) => createClient({ url: `redis://downstream:password@127.0.0.1:${port}` })],
])('the permissions of docs/scale-out.md are enough for %s', async (_, create) => {
  const docs = await readFile(join(__dirname, '../../../../docs/scale-out.md'), 'utf8')
  const [, rules = ''] = /ACL SETUSER downstream (.+)/.exec(docs) ?? []
  const server = await RedisServer.start()
  await server.command('ACL', 'SETUSER', 'downstream', ...rules.split(' '))
  const log = new RedisLog(create(server.port))
  try {
    const follower = RecordingFollower.of(log)
    await eventually(
      'the start',
      () => follower.head !== '',
      () => follower.states,
    )
    const { head } = follower
    const cursor = await log.append({ channels: ['c'], data: '1' })
    await eventually('the entry', () => follower.data.includes('1'))
    expect(await log.read(head, { length: 10, bytes: 1_000 })).toMatchObject({ entries: [{ cursor }] })
    await server.command('DEL', 'downstream:log')
    await eventually('the reset', () => follower.resets.length > 0)
    expect(follower.states).toEqual(['up'])
  } finally {
    await log.close()
    await server.close()
  }
})
