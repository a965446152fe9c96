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
  const told = { head: '', data: [] as string[] }
  void log.follow(
    {
      start(head) {
        told.head = head
      },
      entries: (batch) => told.data.push(...batch.map(({ data }) => data)),
      reset: (_, reason) => told.data.push(reason),
      state() {},
    },
    { backlog: { length: 10, bytes: 1_000_000 } },
  )
  await eventually('the start', () => told.head !== '')
  return told
}

test('rows of other programs are skipped, and a follower does not begin at one', async () => {
  const key = 'with strangers'
  await server.command('XADD', key, '*', 'hello', 'world')
  const log = new RedisLog(client, { key })
  const told = await start(log)
  expect(await log.read(told.head, { length: 10, bytes: 1_000_000 })).toEqual({ gap: false, entries: [] })
  await server.command('XADD', key, '*', 'hello', 'again')
  const cursor = await log.append({ channels: ['c'], data: 'mine' })
  await eventually('the entry', () => told.data.length > 0)
  expect(told.data).toEqual(['mine'])
  expect(await log.read(told.head, { length: 10, bytes: 1_000_000 })).toMatchObject({
    gap: false,
    entries: [{ cursor, data: 'mine' }],
  })
  await log.close()
})

test('maxAge drops what is older, by the clock of Redis', async () => {
  const key = 'aged'
  const old = Date.now() - 3_600_000
  for (let n = 0; n < 200; n++) await server.command('XADD', key, `${old}-${n + 1}`, 'c', 'c', 'd', 'old')
  const log = new RedisLog(client, { key, maxAge: 60_000 })
  await log.append({ channels: ['c'], data: 'new' })
  await eventually('the old ones being dropped', async () => Number(await server.command('XLEN', key)) < 200)
  await log.close()
})

test('a process that waits for a Redis that cannot be reached keeps waiting', async () => {
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
    const told = once(child.stdout, 'data').then(([text]) => String(text))
    expect(await Promise.race([told, ended])).toContain('down')
    const later = new Promise<string>((resolve) => setTimeout(resolve, 3_000, 'still waiting'))
    expect(await Promise.race([later, ended])).toBe('still waiting')
  } finally {
    child.kill('SIGKILL')
  }
})
