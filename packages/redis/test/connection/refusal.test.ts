import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createHub } from '@downstream/core'
import { eventually } from '@downstream/testing'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { freePorts } from '../../../../scripts/free-ports.mjs'
import { RedisLog } from '../../src/index.ts'
import { RecordingFollower } from '../harness/recording-follower.ts'
import { RedisServer } from '../harness/redis-server.ts'

// hub.ready() hung without saying why.
test.each<[string, string[], (port: number) => Redis | ReturnType<typeof createClient>]>([
  [
    'a wrong password, with ioredis',
    ['default', '>right'],
    (port) => new Redis(port, '127.0.0.1', { password: 'wrong', lazyConnect: true }),
  ],
  [
    'a wrong password, with node-redis',
    ['default', '>right'],
    (port) => createClient({ url: `redis://:wrong@127.0.0.1:${port}` }),
  ],
  [
    'a missing permission, with node-redis',
    ['reader', 'on', '>secret', '~*', '+@connection', '+info', '+xread'],
    (port) => createClient({ url: `redis://reader:secret@127.0.0.1:${port}` }),
  ],
])('hub.ready() rejects, because the error does not go away by itself: %s', async (_, rules, create) => {
  const server = await RedisServer.start()
  await server.command('ACL', 'SETUSER', ...(rules as [string, ...string[]]))
  const states: string[] = []
  const hub = createHub({
    log: new RedisLog(create(server.port)),
    onError: () => {},
    onLogState: (state) => states.push(state),
  })
  try {
    await expect(hub.ready()).rejects.toMatchObject({
      code: 'ERR_SSE_LOG_REFUSED',
      message: expect.stringContaining('Redis refuses access'),
    })
    expect(states).toEqual(['down'])
  } finally {
    await hub.close()
    await server.close()
  }
})

test('hub.ready() waits for an unreachable Redis until its signal aborts', async () => {
  const hub = createHub({
    log: new RedisLog(new Redis(await freePorts(), '127.0.0.1', { lazyConnect: true })),
    onError: () => {},
  })
  await expect(hub.ready({ signal: AbortSignal.timeout(200) })).rejects.toMatchObject({
    name: 'TimeoutError',
  })
  await hub.close()
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
