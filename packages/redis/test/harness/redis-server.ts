import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from '@downstream/testing'
import { createClient } from 'redis'
import { freePorts } from '../../../../scripts/free-ports.mjs'
import { howToInstall, partPath } from '../../../../scripts/test-parts.mjs'

export interface RedisServerOptions {
  /** Every write is on the disk before it is answered. Default false: what is in it ends with the process. */
  persistent?: boolean
  /** The port of the server whose replica it is. */
  replicaOf?: number
  /** The port of the bus of a cluster of one node, which has all slots. Default: no cluster. */
  cluster?: number
}

/** A real redis-server on a port and with a directory of its own. */
export class RedisServer {
  readonly port: number
  readonly #directory: string
  readonly #options: RedisServerOptions
  #process: ChildProcess | undefined
  #watch: ChildProcess | undefined

  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const directory = await mkdtemp(join(tmpdir(), 'downstream-redis-'))
    const server = new RedisServer(await freePorts(), directory, options)
    await server.restart()
    if (options.cluster !== undefined) {
      await server.command('CLUSTER', 'ADDSLOTSRANGE', 0, 16_383)
      await eventually('the cluster being up', async () =>
        String(await server.command('CLUSTER', 'INFO')).includes('cluster_state:ok'),
      )
    }
    return server
  }

  private constructor(port: number, directory: string, options: RedisServerOptions) {
    this.port = port
    this.#directory = directory
    this.#options = options
  }

  /** Starts it again on its port, with what it has on its disk; resolves when it answers. */
  async restart(): Promise<void> {
    const program = partPath('redis-server')
    if (program === undefined) {
      throw new Error(`redis-server is missing. To install it: ${howToInstall('redis-server')}`)
    }
    const child = spawn(program, this.#settings(), { stdio: 'ignore' })
    this.#process = child
    this.#watch = watchOver(child, this.#directory)
    await eventually(
      `redis-server answering on port ${this.port}`,
      async () => {
        if (child.exitCode !== null) throw new Error(`redis-server does not start: ${await this.#log()}`)
        return this.command('PING').then(
          () => true,
          () => false,
        )
      },
      () => `exit code ${child.exitCode}`,
    )
  }

  /** Kills it, with no chance to save anything. */
  async kill(): Promise<void> {
    const [child, watch] = [this.#process, this.#watch]
    if (child === undefined) return
    this.#process = undefined
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
    watch?.kill('SIGKILL')
  }

  /** It keeps its connections and answers nothing, until {@link thaw}. */
  freeze(): void {
    this.#process?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#process?.kill('SIGCONT')
  }

  /** Sends one command, past all proxies. */
  async command(name: string, ...values: (string | number)[]): Promise<unknown> {
    // A busy machine takes its time; a server that is down refuses at once.
    const socket = {
      port: this.port,
      host: '127.0.0.1',
      reconnectStrategy: false,
      connectTimeout: 60_000,
    } as const
    const client = createClient({ socket, commandOptions: { timeout: 60_000 } })
    // What is awaited here rejects.
    client.on('error', () => {})
    try {
      await client.connect()
      return await client.sendCommand([name, ...values.map(String)])
    } finally {
      if (client.isOpen) client.destroy()
    }
  }

  /** The commands that it executes while `run` is running. */
  async commandsDuring(run: () => Promise<unknown>): Promise<string[][]> {
    // Its log of slow commands is a log of all commands when every command is slow enough.
    await this.command('CONFIG', 'SET', 'slowlog-max-len', '100000')
    await this.command('CONFIG', 'SET', 'slowlog-log-slower-than', '0')
    await this.command('SLOWLOG', 'RESET')
    await run()
    const log = (await this.command('SLOWLOG', 'GET', '-1')) as [unknown, unknown, unknown, string[]][]
    return log.map(([, , , command]) => command.map(String)).reverse()
  }

  /** Kills it and removes what it has on the disk. */
  async close(): Promise<void> {
    await this.kill()
    await rm(this.#directory, { recursive: true, force: true })
  }

  #settings(): string[] {
    const { persistent = false, replicaOf, cluster } = this.#options
    const settings: Record<string, string> = {
      bind: '127.0.0.1',
      port: String(this.port),
      dir: this.#directory,
      logfile: 'redis.log',
      save: '',
      appendonly: persistent ? 'yes' : 'no',
      appendfsync: 'always',
      // A replica that is promoted must not wait for others to come.
      'repl-diskless-sync-delay': '0',
    }
    if (cluster !== undefined) {
      settings['cluster-enabled'] = 'yes'
      settings['cluster-port'] = String(cluster)
      // Nobody else tells a lone node what its address is.
      settings['cluster-announce-ip'] = '127.0.0.1'
    }
    if (replicaOf !== undefined) settings.replicaof = `127.0.0.1 ${replicaOf}`
    return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, ...value.split(' ')])
  }

  #log(): Promise<string> {
    return readFile(join(this.#directory, 'redis.log'), 'utf8').catch(() => 'it has written no log')
  }
}

/** A test runner that is killed closes no server: the shell notices that its input ends, and does it. */
function watchOver({ pid }: ChildProcess, directory: string): ChildProcess {
  const script = 'cat >/dev/null; kill -9 "$1"; rm -rf "$2"'
  const watch = spawn('sh', ['-c', script, 'sh', String(pid), directory], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  watch.unref()
  return watch
}
