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
  /** Every write is on the disk before it is answered. Default false: its data is lost with the process. */
  persistent?: boolean
  /** The port of the server of which it is a replica. */
  replicaOf?: number
  /** The bus port of a cluster of one node, which has all slots. Default: no cluster. */
  cluster?: number
}

/** A real redis-server with its own port and directory. */
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
      await eventually('the cluster is up', async () =>
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

  /** Starts it again on its port, with the data on its disk; resolves when it answers. */
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
        // Another server on this port would answer, and two tests would share their data.
        return this.command('INFO', 'server').then(
          (info) => String(info).includes(`process_id:${child.pid}\r\n`),
          () => false,
        )
      },
      () => `exit code ${child.exitCode}`,
    )
  }

  /** Kills it without letting it save anything. */
  async kill(): Promise<void> {
    const [child, watch] = [this.#process, this.#watch]
    if (child === undefined) return
    this.#process = undefined
    if (child.exitCode === null) {
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    }
    watch?.kill('SIGKILL')
  }

  /** It keeps its connections and answers nothing until {@link thaw}. */
  freeze(): void {
    this.#process?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#process?.kill('SIGCONT')
  }

  /** Sends one command, not through a proxy. */
  async command(name: string, ...values: (string | number)[]): Promise<unknown> {
    // A busy machine takes its time; a server that is down refuses at once.
    const socket = {
      port: this.port,
      host: '127.0.0.1',
      reconnectStrategy: false,
      connectTimeout: 60_000,
    } as const
    const client = createClient({ socket, commandOptions: { timeout: 60_000 } })
    // The calls below reject with the same error.
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
    // Its log of slow commands contains all commands if every command counts as slow.
    await this.command('CONFIG', 'SET', 'slowlog-max-len', '100000')
    await this.command('CONFIG', 'SET', 'slowlog-log-slower-than', '0')
    await this.command('SLOWLOG', 'RESET')
    await run()
    const log = (await this.command('SLOWLOG', 'GET', '-1')) as [unknown, unknown, unknown, string[]][]
    return log.map(([, , , command]) => command.map(String)).reverse()
  }

  /** Kills it and removes its data from the disk. */
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
      // A promoted replica must not wait for other replicas.
      'repl-diskless-sync-delay': '0',
    }
    if (cluster !== undefined) {
      settings['cluster-enabled'] = 'yes'
      settings['cluster-port'] = String(cluster)
      // A single node learns its own address from no other node.
      settings['cluster-announce-ip'] = '127.0.0.1'
    }
    if (replicaOf !== undefined) settings.replicaof = `127.0.0.1 ${replicaOf}`
    return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, ...value.split(' ')])
  }

  #log(): Promise<string> {
    return readFile(join(this.#directory, 'redis.log'), 'utf8').catch(() => 'it has written no log')
  }
}

/** A killed test runner closes no server: the shell notices that its input ends, and closes it. */
function watchOver({ pid }: ChildProcess, directory: string): ChildProcess {
  const script = 'cat >/dev/null; kill -9 "$1"; rm -rf "$2"'
  const watch = spawn('sh', ['-c', script, 'sh', String(pid), directory], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  watch.unref()
  return watch
}
