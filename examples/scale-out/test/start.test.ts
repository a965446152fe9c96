import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { freePorts } from '../../../scripts/free-ports.mjs'
import { pathWithPrograms, programPath, RunningExample } from './running-example.ts'

let example: RunningExample | undefined

afterEach(async () => {
  await example?.end()
  example = undefined
})

test('says which programs are missing and how to install them', async () => {
  example = await RunningExample.attempt({ PATH: '' })
  expect(await example.ended()).toEqual({
    code: 1,
    said: `Missing on this machine: redis-server or valkey-server, nginx. To install:
  Debian, Ubuntu  sudo apt-get install --no-install-recommends redis-server nginx-light
  macOS           brew install redis nginx
`,
    leavesFiles: false,
  })
})

test('needs no redis-server if REDIS_URL is set', async () => {
  example = await RunningExample.attempt({ PATH: '', REDIS_URL: 'redis://localhost:1' })
  const { code, said } = await example.ended()
  expect(code).toBe(1)
  expect(said).toMatch(/^Missing on this machine: nginx\. /)
  expect(said).not.toContain('redis')
})

test('says which port is taken', async () => {
  const port = await freePorts(6)
  const server = createServer().listen(port + 3)
  await once(server, 'listening')
  try {
    example = await RunningExample.attempt({ PORT: String(port), PATH: pathWithPrograms() })
    expect(await example.ended()).toEqual({
      code: 1,
      said: `Port ${port + 3} is taken; ${port} to ${port + 5} are needed. To use others: PORT=4000 npm start\n`,
      leavesFiles: false,
    })
  } finally {
    server.close()
  }
})

test('says that the Redis of REDIS_URL does not answer', async () => {
  const REDIS_URL = 'redis://127.0.0.1:1'
  example = await RunningExample.attempt({ REDIS_URL, PATH: pathWithPrograms() })
  const { said, ...ending } = await example.ended()
  expect(ending).toEqual({ code: 1, leavesFiles: false })
  expect(said).toContain('Redis does not answer: is REDIS_URL right?\n')
})

test('uses the Redis of REDIS_URL, and starts no other', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'redis-'))
  const path = join(directory, 'own.sock')
  const server = spawn(programPath('redis-server'), ['--port', '0', '--unixsocket', path, '--save', ''], {
    cwd: directory,
    stdio: 'ignore',
  })
  const client = new Redis(path)
  // Until it exists.
  client.on('error', () => {})
  try {
    await client.ping()
    example = await RunningExample.start({ REDIS_URL: path })
    expect((await example.files())?.names).not.toContain('redis.sock')
    expect(JSON.stringify(await client.xrange('scale-out', '-', '+'))).toContain('"news"')
  } finally {
    await example?.end()
    client.disconnect()
    const exited = once(server, 'exit')
    server.kill('SIGKILL')
    await exited
    await rm(directory, { recursive: true })
  }
})
