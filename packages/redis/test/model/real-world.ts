import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '@downstream/testing'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import type { RedisClient } from '../../src/index.ts'
import { FaultyProxy } from '../harness/faulty-proxy.ts'
import { RedisServer } from '../harness/redis-server.ts'
import type { Random } from './random.ts'
import type { World } from './world.ts'

const KEY = 'downstream:log'

/** In one step: a deletion between other entries cannot be noticed. */
const DELETE_NEWEST = `
  local count = 0
  for _, row in ipairs(redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', ARGV[1])) do
    count = count + redis.call('XDEL', KEYS[1], row[1])
  end
  return count`

/** Two redis-server processes, of which one follows the other until it is cut off, and a proxy for each process. */
export class RealWorld implements World {
  /** A busy machine must not look like a dead server. */
  readonly timeout = 10_000
  readonly #random: Random
  readonly #delay: number
  readonly #proxies: FaultyProxy[] = []
  readonly #links: FaultyProxy[] = []
  readonly #servers: RedisServer[]
  /** The actions that run in parallel to the schedule. */
  readonly #beside = new Set<Promise<unknown>>()
  #master: RedisServer
  /** At some time it has had everything that the master had. */
  #replica: RedisServer | undefined
  readonly #backedUp = new Set<RedisServer>()
  #isSplit = false
  #over = false

  static async open(random: Random): Promise<RealWorld> {
    return new RealWorld(random, await Promise.all([RedisServer.start(), RedisServer.start()]))
  }

  private constructor(random: Random, [master, replica]: [RedisServer, RedisServer]) {
    this.#random = random
    this.#delay = random.pick([0, 1, 5, 20])
    this.#servers = [master, replica]
    this.#master = master
    this.#doBeside(this.#attach(replica))
  }

  get now(): number {
    return performance.now()
  }

  async client(): Promise<RedisClient> {
    const proxy = await FaultyProxy.open(this.#master.port)
    proxy.delay(this.#delay)
    this.#proxies.push(proxy)
    const [host, port] = ['127.0.0.1', proxy.port]
    return this.#random.chance(0.5)
      ? new Redis({ host, port, lazyConnect: true })
      : createClient({ socket: { host, port } })
  }

  pass(ms: number): Promise<void> {
    return sleep(ms)
  }

  async settle(ms: number, isDone: () => boolean): Promise<void> {
    await Promise.all(this.#beside)
    for (const end = this.now + ms; !isDone() && this.now < end; ) await sleep(20)
  }

  cut(): void {
    for (const proxy of this.#proxies) proxy.cut(() => this.#random.chance(0.5))
  }

  async backUp(): Promise<void> {
    const master = this.#master
    // It refuses the command while it saves for a replica.
    await master.command('SAVE').then(
      () => this.#backedUp.add(master),
      () => {},
    )
  }

  async setAhead(): Promise<void> {
    // It refuses the command if there is no stream, or if the stream has a larger id.
    await this.#master.command('XSETID', KEY, `${Date.now() + this.#random.below(5_000)}-0`).catch(() => {})
  }

  async failOver(): Promise<boolean> {
    const [old, next] = [this.#master, this.#replica]
    if (next === undefined) return false
    this.#replica = undefined
    this.#master = next
    if (this.#random.chance(0.5)) await next.command('REPLICAOF', 'NO', 'ONE')
    await old.kill()
    this.#retarget()
    await next.command('REPLICAOF', 'NO', 'ONE')
    this.#doBeside(old.restart().then(() => this.#attach(old)))
    return true
  }

  async splitBrain(): Promise<boolean> {
    const [old, next] = [this.#master, this.#replica]
    if (next === undefined) return false
    this.#replica = undefined
    this.#master = next
    this.#isSplit = true
    await next.command('REPLICAOF', 'NO', 'ONE')
    for (const proxy of this.#proxies) {
      if (this.#random.chance(0.7)) proxy.retarget(next.port)
      proxy.cut(() => this.#random.chance(0.7))
    }
    this.#doBeside(this.#endSplitBrain(old, 50 + this.#random.below(2_000)))
    return true
  }

  async restore(): Promise<boolean> {
    const master = this.#master
    if (!this.#backedUp.has(master)) return false
    await master.kill()
    await master.restart()
    return true
  }

  async flush(): Promise<boolean> {
    await this.#master.command('FLUSHALL')
    return true
  }

  async deleteNewest(): Promise<boolean> {
    if (this.#isSplit) return false
    const count = 1 + this.#random.below(3)
    return Number(await this.#master.command('EVAL', DELETE_NEWEST, 1, KEY, count)) > 0
  }

  async close(): Promise<void> {
    this.#over = true
    await Promise.allSettled(this.#beside)
    for (const proxy of [...this.#proxies, ...this.#links]) proxy.close()
    await Promise.all(this.#servers.map((server) => server.close()))
  }

  async #endSplitBrain(old: RedisServer, ms: number): Promise<void> {
    await sleep(ms)
    this.#isSplit = false
    await old.kill()
    this.#retarget()
    await old.restart()
    await this.#attach(old)
  }

  #retarget(): void {
    for (const proxy of this.#proxies) proxy.retarget(this.#master.port)
  }

  /** Makes a server a replica of the master; a little later it is cut off and lags, most of the time. */
  async #attach(server: RedisServer): Promise<void> {
    const link = await FaultyProxy.open(this.#master.port)
    this.#links.push(link)
    await server.command('REPLICAOF', '127.0.0.1', link.port)
    await eventually('the replica having it all', async () => {
      return (
        this.#over || String(await server.command('INFO', 'replication')).includes('master_link_status:up')
      )
    })
    this.#replica = server
    if (this.#random.chance(0.2)) return
    await sleep(this.#random.below(1_000))
    link.close()
  }

  #doBeside(work: Promise<unknown>): void {
    this.#beside.add(work.finally(() => this.#beside.delete(work)))
  }
}
