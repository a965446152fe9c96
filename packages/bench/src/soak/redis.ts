import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePorts } from '../../../../scripts/free-ports.mjs'
import { howToInstall, partPath } from '../../../../scripts/test-parts.mjs'

interface Node {
  readonly port: number
  readonly child: ChildProcess
}

/** A Redis with a replica, at one constant address: it stalls, restarts and fails over. */
export class UnsteadyRedis {
  readonly #proxy: Server = createServer((socket) => this.#forward(socket))
  readonly #sockets = new Set<Socket>()
  #master!: Node
  #replica: Node | undefined

  static async start(): Promise<UnsteadyRedis> {
    const redis = new UnsteadyRedis()
    redis.#proxy.listen(0, '127.0.0.1')
    await once(redis.#proxy, 'listening')
    redis.#master = await startNode(await freePorts())
    redis.#replica = await startNode(await freePorts(), redis.#master.port)
    return redis
  }

  get port(): number {
    return (this.#proxy.address() as AddressInfo).port
  }

  /** Answers nothing for `ms`. */
  async stall(ms: number): Promise<void> {
    this.#master.child.kill('SIGSTOP')
    await sleep(ms)
    this.#master.child.kill('SIGCONT')
  }

  /** Loses all of its data. */
  async restart(): Promise<void> {
    await stopNode(this.#master)
    this.#cut()
    await sleep(500)
    this.#master = await startNode(this.#master.port)
  }

  /** The replica takes over, with the data that it has received so far. */
  async failOver(): Promise<void> {
    const promoted = this.#replica
    if (promoted === undefined) return
    const failed = this.#master
    await stopNode(failed)
    await command(promoted.port, 'REPLICAOF NO ONE')
    this.#master = promoted
    this.#cut()
    this.#replica = await startNode(failed.port, promoted.port)
  }

  async stop(): Promise<void> {
    this.#proxy.close()
    this.#cut()
    await Promise.all([stopNode(this.#master), this.#replica && stopNode(this.#replica)])
  }

  #cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  #forward(socket: Socket): void {
    const target = connect(this.#master.port, '127.0.0.1')
    for (const [one, other] of [
      [socket, target],
      [target, socket],
    ] as const) {
      this.#sockets.add(one)
      one.pipe(other)
      one.on('error', () => {})
      one.on('close', () => {
        this.#sockets.delete(one)
        other.destroy()
      })
    }
  }
}

async function startNode(port: number, masterPort?: number): Promise<Node> {
  // A replica saves its data, and a starting server loads the data in its folder, so each start has an empty folder.
  const folder = mkdtempSync(join(tmpdir(), 'soak-redis-'))
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  settings.push('--dir', folder)
  settings.push('--repl-diskless-sync-delay', '0')
  if (masterPort !== undefined) settings.push('--replicaof', `127.0.0.1 ${masterPort}`)
  const program = partPath('redis-server')
  if (program === undefined)
    throw new Error(`The soak needs redis-server. To install it: ${howToInstall('redis-server')}`)
  const child = spawn(program, settings, { stdio: 'ignore' })
  const end = () => {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
  process.once('exit', end)
  child.once('exit', () => {
    process.off('exit', end)
    rmSync(folder, { recursive: true, force: true })
  })
  for (let n = 0; n < 100; n++) {
    if ((await command(port, 'PING').catch(() => '')).includes('PONG')) return { port, child }
    await sleep(50)
  }
  throw new Error('redis-server does not start')
}

async function stopNode({ child }: Node): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGCONT')
  child.kill('SIGKILL')
  await once(child, 'exit')
}

async function command(port: number, line: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  try {
    socket.write(`${line}\r\n`)
    const [answer] = await once(socket, 'data')
    return String(answer)
  } finally {
    socket.destroy()
  }
}
