import { FakeNetwork } from './fake-network.ts'
import { FakeServer } from './fake-server.ts'
import { Random } from './random.ts'
import { VirtualTime } from './virtual-time.ts'
import type { World } from './world.ts'

const START = 1_700_000_000_000

/** A world in memory, whose time passes as fast as the program: the same seed gives the same schedule. */
export class FakeWorld implements World {
  readonly timeout = 1_000
  readonly #random: Random
  readonly #time = new VirtualTime()
  readonly #mathRandom = Math.random
  readonly #network: FakeNetwork
  readonly #backups: FakeServer[] = []
  #server: FakeServer

  constructor(random: Random, seed: number) {
    this.#random = random
    // Pauses between attempts are random, too.
    const pauses = new Random(seed)
    Math.random = () => pauses.next()
    this.#server = new FakeServer(() => START + this.#time.now)
    this.#network = new FakeNetwork(random, this.#server)
    this.#network.delay = random.pick([0.2, 2, 5, 20, 100])
  }

  get now(): number {
    return this.#time.now
  }

  async client(process: string) {
    return this.#network.client(process)
  }

  pass(ms: number): Promise<void> {
    return this.#time.pass(ms)
  }

  settle(ms: number): Promise<void> {
    return this.#time.pass(ms)
  }

  cut(): void {
    this.#network.cut({ share: 0.5 })
  }

  async backUp(): Promise<void> {
    this.#backups.push(this.#server.replica(0))
  }

  async setAhead(): Promise<void> {
    this.#server.setAhead(this.#random.below(5_000))
  }

  async failOver(): Promise<boolean> {
    const old = this.#server
    this.#server = old.replica(this.#random.below(5), this.#skew())
    this.#end(old)
    return true
  }

  async splitBrain(): Promise<boolean> {
    const old = this.#server
    this.#server = old.replica(this.#random.below(3), this.#skew())
    this.#network.targets = [old, this.#server]
    this.#network.cut({ server: old, share: 0.7 })
    setTimeout(() => this.#end(old), 50 + this.#random.below(2_000))
    return true
  }

  async restore(): Promise<boolean> {
    if (this.#backups.length === 0) return false
    this.#server.restore(this.#random.pick(this.#backups))
    return true
  }

  async flush(): Promise<boolean> {
    this.#server.flush()
    return true
  }

  async deleteNewest(): Promise<boolean> {
    if (this.#network.targets.length > 1) return false
    this.#server.deleteNewest(1 + this.#random.below(3))
    return true
  }

  async close(): Promise<void> {
    await this.#time.pass(5_000)
    Math.random = this.#mathRandom
    this.#time.restore()
  }

  #end(old: FakeServer): void {
    old.alive = false
    this.#network.targets = [this.#server]
    this.#network.cut({ server: old })
  }

  /** How wrong the clock of the next master is, in ms. */
  #skew(): number {
    return this.#random.pick([0, 0, 0, -3_000, 3_000])
  }
}
