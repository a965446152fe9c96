import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { eventually } from '@downstream/testing'
import { Redis } from 'ioredis'
import { freePorts } from '../../../scripts/free-ports.mjs'
import { onSources } from '../../../test/sources/on-sources.ts'
import { RedisLog } from '../src/redis-log.ts'
import { RedisServer } from './harness/redis-server.ts'

let server: RedisServer
let client: Redis

beforeAll(async () => {
  server = await RedisServer.start()
  client = new Redis(server.port, '127.0.0.1', { lazyConnect: true })
})

afterAll(() => server?.close())

async function start(log: RedisLog): Promise<{ head: string; data: string[] }> {
  const received = { head: '', data: [] as string[] }
  void log.follow(
    {
      start(head) {
        received.head = head
      },
      entries: (batch) => received.data.push(...batch.map(({ data }) => data)),
      reset: (_, reason) => received.data.push(reason),
      state() {},
    },
    { backlog: { length: 10, bytes: 1_000_000 } },
  )
  await eventually('the start', () => received.head !== '')
  return received
}

test('entries of other programs in the stream are skipped, and their ids are not positions to start at', async () => {
  const key = 'with strangers'
  await server.command('XADD', key, '*', 'hello', 'world')
  const log = new RedisLog(client, { key })
  const received = await start(log)
  expect(await log.read(received.head, { length: 10, bytes: 1_000_000 })).toEqual({ gap: false, entries: [] })
  await server.command('XADD', key, '*', 'hello', 'again')
  const cursor = await log.append({ channels: ['c'], data: 'mine' })
  await eventually('the entry', () => received.data.length > 0)
  expect(received.data).toEqual(['mine'])
  expect(await log.read(received.head, { length: 10, bytes: 1_000_000 })).toMatchObject({
    gap: false,
    entries: [{ cursor, data: 'mine' }],
  })
  await log.close()
})

test('maxAge drops older entries, by the clock of Redis', async () => {
  const key = 'aged'
  const old = Date.now() - 3_600_000
  for (let n = 0; n < 200; n++) await server.command('XADD', key, `${old}-${n + 1}`, 'c', 'c', 'd', 'old')
  const log = new RedisLog(client, { key, maxAge: 60_000 })
  await log.append({ channels: ['c'], data: 'new' })
  await eventually('the old ones are dropped', async () => Number(await server.command('XLEN', key)) < 200)
  await log.close()
})

test('a process that waits for an unreachable Redis keeps waiting', async () => {
  const module = (path: string) => JSON.stringify(pathToFileURL(require.resolve(path)).href)
  const program = `
    import { Redis } from ${module('ioredis')}
    import { RedisLog } from ${module(join(__dirname, '../src/index.ts'))}
    const log = new RedisLog(new Redis(${await freePorts()}, '127.0.0.1', { lazyConnect: true }))
    let attempts = 0
    await new Promise((resolve) => log.follow({
      start: resolve, entries() {}, reset() {}, state: (up, error) => console.log('down', error.message),
    }, { backlog: { length: 0, bytes: 1_000_000 } }))`
  const args = [...onSources, '--input-type=module', '-e', program]
  const child = spawn(process.execPath, args, { cwd: join(__dirname, '../../..') })
  try {
    const ended = once(child, 'exit').then(([code]) => `ended with ${code}`)
    const received = once(child.stdout, 'data').then(([text]) => String(text))
    expect(await Promise.race([received, ended])).toContain('down')
    const later = new Promise<string>((resolve) => setTimeout(resolve, 3_000, 'still waiting'))
    expect(await Promise.race([later, ended])).toBe('still waiting')
  } finally {
    child.kill('SIGKILL')
  }
})
