import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { freePorts, portsFrom } from '../../../scripts/free-ports.mjs'
import { howToInstall, partPath } from '../../../scripts/test-parts.mjs'
import { onSources } from '../../../test/sources/on-sources.ts'
import type { ProcessStatus } from '../src/hub.ts'

interface Ending {
  code: number | null
  /** Its output so far. */
  said: string
  leavesFiles: boolean
}

/** The ports of nginx, the four processes, and the newsroom. */
const PORTS = 6

/** The example, started like `npm start` on free ports. */
export class RunningExample {
  readonly port: number
  /** Contains its temporary directory. */
  readonly #temporary: string
  readonly #process: ChildProcessByStdio<null, Readable, Readable>
  #said = ''
  #left: boolean | undefined

  /** Resolves when it prints its URL. */
  static async start(env: Record<string, string> = {}): Promise<RunningExample> {
    const example = await RunningExample.attempt({ PATH: pathWithPrograms(), ...env })
    await Promise.race([once(example.#process.stdout, 'data'), once(example.#process, 'exit')])
    if (example.#said.includes(`${example.url}\n`)) return example
    throw new Error(`The example does not start: ${(await example.end()).said}`)
  }

  /** Starts it without waiting. */
  static async attempt(env: Record<string, string>): Promise<RunningExample> {
    const port = Number(env.PORT ?? (await freePorts(PORTS)))
    return new RunningExample(port, await mkdtemp(join(tmpdir(), 'test-')), env)
  }

  /** With the sources of our packages, and without a process in between. */
  private constructor(port: number, temporary: string, env: Record<string, string>) {
    this.port = port
    this.#temporary = temporary
    this.#process = spawn(process.execPath, [...onSources, 'src/start.ts'], {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      env: { ...process.env, TMPDIR: temporary, ...env, PORT: String(port) },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const output of [this.#process.stdout, this.#process.stderr]) {
      output.on('data', (text) => {
        this.#said += text
      })
    }
  }

  get url(): string {
    return `http://localhost:${this.port}`
  }

  /** The files in its temporary directory; undefined if there is none. */
  async files(): Promise<{ directory: string; names: string[] } | undefined> {
    const [name] = (await readdir(this.#temporary)).filter((name) => name.startsWith('scale-out-'))
    if (name === undefined) return undefined
    const directory = join(this.#temporary, name)
    return { directory, names: await readdir(directory) }
  }

  async processes(): Promise<ProcessStatus[]> {
    const response = await fetch(`${this.url}/processes`)
    const { processes } = (await response.json()) as { processes: ProcessStatus[] }
    return processes
  }

  /** Sends a request directly to one of the processes. Resolves with the status. */
  async post(index: number, line: object): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${this.port + 1 + index}/chat`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(line),
    })
    await response.text()
    return response.status
  }

  /** The pids of everything that it has started: the four processes, nginx, Redis. */
  async pids(): Promise<number[]> {
    const directory = (await this.files())?.directory ?? ''
    const redis = new Redis(join(directory, 'redis.sock'))
    const [, redisPid] = /process_id:(\d+)/.exec(await redis.info('server')) ?? []
    redis.disconnect()
    const nginxPid = await readFile(join(directory, 'nginx.pid'), 'utf8')
    return [...(await this.processes()).map(({ pid }) => pid), nginxPid, redisPid].map(Number)
  }

  /** Ctrl-C, unless it has ended. */
  end(): Promise<Ending> {
    this.#process.kill('SIGINT')
    return this.ended()
  }

  /** Resolves when it has ended by itself. */
  async ended(): Promise<Ending> {
    const { exitCode, signalCode } = this.#process
    if (exitCode === null && signalCode === null) {
      await once(this.#process, 'close', { signal: AbortSignal.timeout(60_000) })
    }
    this.#left ??= (await this.files()) !== undefined
    await rm(this.#temporary, { recursive: true, force: true })
    return { code: this.#process.exitCode, said: this.#said, leavesFiles: this.#left }
  }

  /** Its ports on which a process listens. */
  async listeningPorts(): Promise<number[]> {
    const ports = portsFrom(this.port, PORTS)
    const sockets = ports.map((port) => connect(port, '127.0.0.1'))
    const tried = await Promise.allSettled(sockets.map((socket) => once(socket, 'connect')))
    for (const socket of sockets) socket.destroy()
    return ports.filter((_, index) => tried[index]?.status === 'fulfilled')
  }
}

export function pathWithPrograms(): string {
  const paths = [programPath('redis-server'), programPath('nginx')].map((path) => dirname(path))
  return [...paths, process.env.PATH].join(delimiter)
}

export function programPath(name: string): string {
  const path = partPath(name)
  if (path === undefined) throw new Error(`${name} is missing. To install it: ${howToInstall(name)}`)
  return path
}
