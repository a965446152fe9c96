// `npm start`: Redis, two Express and two Fastify processes, and nginx as their proxy. Ctrl-C ends everything.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { adopt, end } from './child.ts'
import { KeptProcess } from './kept-process.ts'
import { findPrograms } from './programs.ts'

const port = Number(process.env.PORT || 3000)
const newsMs = Number(process.env.NEWS_MS || 1000)
const restartMs = Number(process.env.RESTART_MS || 2000)

const stopping = new AbortController()
/** Ends everything that was started, in reverse order. */
const ends: (() => unknown)[] = []

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(0))
// `kill` on npm ends npm and its shell without a signal to this process, which then has another parent.
if (process.env.npm_lifecycle_event === 'start') {
  const parent = process.ppid
  setInterval(() => process.ppid !== parent && stop(0), 200)
}
try {
  await start()
  console.log(`http://localhost:${port}`)
} catch (error) {
  if (!stopping.signal.aborted) {
    console.error(error instanceof Error ? error.message : error)
    await stop(1)
  }
}

async function start(): Promise<void> {
  // nginx uses the port itself, the processes the next ones, and the newsroom the last.
  if (!Number.isInteger(port) || port < 1 || port + 5 > 65_535) {
    throw new Error(`PORT is ${process.env.PORT}: it must be a number from 1 to 65530.`)
  }
  const programs = findPrograms(process.env.REDIS_URL ? ['nginx'] : ['redis', 'nginx'])
  for (let taken = port; taken <= port + 5; taken++) {
    if (!(await isListening({ port: taken }))) continue
    throw new Error(
      `Port ${taken} is taken; ${port} to ${port + 5} are needed. To use others: PORT=4000 npm start`,
    )
  }

  const directory = mkdtempSync(join(tmpdir(), 'scale-out-'))
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }))

  const redis = programs.get('redis')
  if (redis !== undefined) {
    const path = join(directory, 'redis.sock')
    run(redis, ['--port', '0', '--unixsocket', path, '--dir', directory, '--save', ''])
    await listening({ path })
    process.env.REDIS_URL = path
  }

  const processes = ['express-1', 'express-2', 'fastify-1', 'fastify-2'].map((name, index) => {
    const file = `./${name.slice(0, -2)}.ts`
    const env = { NAME: name, PORT: String(port + 1 + index) }
    return new KeptProcess({ name, file, env, restartMs })
  })
  ends.push(() => Promise.all(processes.map((kept) => kept.stop())))

  // It connects to Redis as soon as it is imported.
  const { openNewsroom } = await import('./newsroom.ts')
  ends.push(await openNewsroom({ processes, port: port + 5, newsMs }))
  await Promise.all(processes.map((kept) => kept.start()))

  writeFileSync(join(directory, 'nginx.conf'), nginxConf())
  run(programs.get('nginx') as string, ['-p', directory, '-c', 'nginx.conf', '-g', 'daemon off;'])
  await listening({ port })
}

/** The rest of an nginx.conf around ours: everything is in the temporary directory. */
function nginxConf(): string {
  const conf = readFileSync(new URL('../nginx.conf', import.meta.url), 'utf8')
  return `pid nginx.pid;
error_log error.log;
events {}
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`).join(' ')}
  ${conf.replace(/(?<=:)300([0-5])\b/g, (_, offset) => String(port + Number(offset)))}
}
`
}

/** Starts Redis or nginx. If it ends, everything ends. */
function run(path: string, args: string[]): void {
  const child = adopt(spawn(path, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] }))
  ends.push(() => end(child))
  let said = ''
  for (const output of [child.stdout, child.stderr]) {
    output.on('data', (text) => {
      said = `${said}${text}`.slice(-2000)
    })
  }
  child.once('error', (error) => fail(error.message))
  child.once('close', () => fail(`${path} has ended. It said:\n${said}`))
}

function fail(message: string): void {
  if (stopping.signal.aborted) return
  console.error(message)
  stop(1)
}

async function stop(exitCode: number): Promise<void> {
  if (stopping.signal.aborted) return
  stopping.abort()
  for (const end of ends.reverse()) await end()
  process.exit(exitCode)
}

async function listening(address: { port: number } | { path: string }): Promise<void> {
  while (!(await isListening(address))) await sleep(50, undefined, { signal: stopping.signal })
}

function isListening(address: { port: number } | { path: string }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
