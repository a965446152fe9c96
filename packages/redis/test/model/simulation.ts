import { RedisLog } from '../../src/index.ts'
import { FakeWorld } from './fake-world.ts'
import { ModelClient, ModelNode } from './model-node.ts'
import { Random } from './random.ts'
import { RealWorld } from './real-world.ts'
import type { World } from './world.ts'

/** One publish. */
interface Published {
  readonly n: number
  readonly by: ModelNode
  readonly called: number
  acknowledged: boolean
}

/** The statistics of a run, and its violations. */
export interface Outcome {
  readonly faults: readonly string[]
  readonly script: readonly string[]
  readonly gaps: number
  /** Commands that the servers lost. */
  readonly losses: number
}

/** At first, and at most. */
const PROCESSES = [3, 6] as const

/** One random schedule: some processes, their clients, and everything that happens to their Redis, in memory. */
export async function simulate(seed: number): Promise<Outcome> {
  const random = new Random(seed)
  return new Simulation(random, new FakeWorld(random, seed)).run()
}

/** The same on redis-server processes: the seed gives the plan, the machine gives the timing. */
export async function simulateOnRedis(seed: number): Promise<Outcome> {
  const random = new Random(seed)
  return new Simulation(random, await RealWorld.open(random)).run()
}

class Simulation {
  readonly #random: Random
  readonly #world: World
  readonly #nodes: ModelNode[] = []
  readonly #clients: ModelClient[] = []
  readonly #published: Published[] = []
  readonly #script: string[] = []
  #losses = 0
  /** In some schedules nothing but FLUSHALL happens: that causes at most one gap per client. */
  readonly #onlyFlushes: boolean
  readonly #tailLength: number

  constructor(random: Random, world: World) {
    this.#random = random
    this.#onlyFlushes = random.chance(0.2)
    this.#tailLength = random.pick([3, 10, 100])
    this.#world = world
  }

  async run(): Promise<Outcome> {
    try {
      for (let n = 0; n < PROCESSES[0]; n++) await this.#openNode()
      await this.#play()
      return this.#outcome()
    } finally {
      await Promise.all([...this.#nodes.map(({ log }) => log.close()), this.#world.close()])
    }
  }

  async #openNode(): Promise<ModelNode> {
    const { timeout } = this.#world
    const client = await this.#world.client(`node ${this.#nodes.length}`)
    const node = new ModelNode(new RedisLog(client, { maxLength: 100_000, timeout }), this.#tailLength)
    this.#nodes.push(node)
    return node
  }

  async #play(): Promise<void> {
    for (let n = 0; n < 5; n++) this.#clients.push(new ModelClient())
    for (const client of this.#clients) this.#random.pick(this.#nodes).join(client)
    await this.#world.pass(500)
    const steps = 20 + this.#random.below(30)
    for (let n = 0; n < steps; n++) {
      await this.#step()
      await this.#world.pass(this.#random.pick([0.1, 1, 10, 50, 300]))
    }
    await this.#settle()
  }

  #outcome(): Outcome {
    const gaps = this.#clients.reduce(
      (sum, { received }) => sum + received.filter((one) => 'gap' in one).length,
      0,
    )
    const faults = this.#faults()
    if (this.#onlyFlushes) faults.push(...this.#judgeFlushes())
    // Each loss is noticed by several processes, and all but one of their marks bring no news.
    if (this.#losses === 0 && gaps > 0) faults.push(`${gaps} gaps, and nothing was lost`)
    return { faults, script: this.#script, gaps, losses: this.#losses }
  }

  async #step(): Promise<void> {
    const random = this.#random
    const kind = random.below(100)
    if (kind < 55) this.#publish(random.pick(this.#nodes))
    else if (kind < 75) this.#hop(random.pick(this.#onlyFlushes ? this.#clients.slice(2) : this.#clients))
    else if (this.#onlyFlushes) {
      if (kind < 82) await this.#lose('flush', () => this.#world.flush())
    } else if (kind < 82) this.#note('cut', () => this.#world.cut())
    else if (kind < 84) await this.#world.backUp()
    else if (kind < 90) await this.#lose('failover', () => this.#world.failOver())
    else if (kind < 93) await this.#lose('split brain', () => this.#world.splitBrain())
    else if (kind < 94) await this.#lose('restore', () => this.#world.restore())
    else if (kind < 95) await this.#lose('flush', () => this.#world.flush())
    else if (kind < 96) await this.#lose('delete', () => this.#world.deleteNewest())
    else if (kind < 97) {
      this.#note('ids ahead')
      await this.#world.setAhead()
    } else await this.#startProcess()
  }

  /** A process starts, and its first client has an old id. */
  async #startProcess(): Promise<void> {
    if (this.#nodes.length === PROCESSES[1]) return
    this.#note(`${this.#nodes.length} starts`)
    const node = await this.#openNode()
    const client = this.#random.pick(this.#clients)
    if (client.received.length === 0) return
    const restored = client.restored(1 + this.#random.below(client.received.length))
    this.#note(`client ${this.#clients.push(restored) - 1} goes there, from ${restored.position}`)
    node.join(restored)
  }

  #publish(by: ModelNode): void {
    for (let count = this.#random.pick([1, 1, 5]); count > 0; count--) {
      const published: Published = {
        n: this.#published.length,
        by,
        called: this.#world.now,
        acknowledged: false,
      }
      this.#published.push(published)
      const settle = (acknowledged: boolean) => {
        published.acknowledged = acknowledged
      }
      by.log.append({ channels: ['c'], data: String(published.n) }).then(
        () => settle(true),
        () => settle(false),
      )
    }
    this.#note(`publish by ${this.#nodes.indexOf(by)} up to ${this.#published.length - 1}`)
  }

  #hop(client: ModelClient): void {
    const leaves = client.node !== undefined && this.#random.chance(0.4)
    const node = this.#random.pick(this.#nodes)
    this.#note(
      `client ${this.#clients.indexOf(client)} ${leaves ? 'leaves' : `goes to ${this.#nodes.indexOf(node)}`}`,
    )
    if (leaves) client.node?.leave(client)
    else node.join(client)
  }

  /** Causes a loss of data, if that is possible. */
  async #lose(what: string, act: () => Promise<boolean>): Promise<void> {
    // It starts while that happens, in part before it and in part after it.
    if (this.#random.chance(0.2)) await this.#startProcess()
    this.#note(what)
    if (await act()) this.#losses++
    else this.#note('… is not possible')
  }

  #note(what: string, act: () => void = () => {}): void {
    this.#script.push(`${this.#world.now.toFixed(0)} ${what}`)
    act()
  }

  /** Everything works again, and every process has had time to notice what happened. */
  async #settle(): Promise<void> {
    await this.#world.settle(20_000, () => this.#nodes.every(({ up }) => up))
    for (const client of this.#clients)
      if (client.node === undefined) this.#random.pick(this.#nodes).join(client)
    for (const node of this.#nodes) {
      this.#publish(node)
      await this.#world.settle(10_000, () => this.#faults().length === 0)
    }
  }

  #judgeFlushes(): string[] {
    const faults: string[] = []
    for (const [n, { states }] of this.#nodes.entries()) {
      // Publishing reaches the same server as reading, whatever was lost.
      if (states.lastIndexOf(false) > states.indexOf(true)) faults.push(`node ${n}: up ${states}`)
    }
    for (const [n, { received, visits }] of this.#clients.entries()) {
      // Processes notice it one after another: a client that changes processes meanwhile may get two gaps.
      const count = received.filter((one) => 'gap' in one).length
      if (visits === 1 && count > this.#losses)
        faults.push(`client ${n}: ${count} gaps of ${this.#losses} losses`)
    }
    return faults
  }

  #faults(): string[] {
    return this.#clients.flatMap((client, n) => this.#judge(client).map((fault) => `client ${n}: ${fault}`))
  }

  #judge(client: ModelClient): string[] {
    const faults: string[] = []
    const last = this.#published.at(-1)
    const lastGap = Math.max(-1, ...client.received.filter((one) => 'gap' in one).map(({ time }) => time))
    const received = new Map<number, number>()
    for (const [at, one] of client.received.entries()) {
      if (!('n' in one)) continue
      // A process that lags the client sends it a gap, and continues from its own position.
      const before = received.get(one.n)
      const isRepeated =
        before !== undefined && !client.received.slice(before, at).some((other) => 'gap' in other)
      if (isRepeated) faults.push(`has ${one.n} twice`)
      received.set(one.n, at)
    }
    if (last === undefined || !last.acknowledged) faults.push('the last event was refused')
    for (const { n, called, acknowledged } of this.#published) {
      // The page has what was published before a gap when it loads again.
      const isDue = acknowledged && called > client.since && called > lastGap
      if (isDue && !received.has(n)) faults.push(`misses ${n}`)
    }
    faults.push(...this.#disorder(client, received))
    return faults
  }

  /** Events of one process that were confirmed before the next one was published arrive in that order. */
  #disorder(client: ModelClient, received: ReadonlyMap<number, number>): string[] {
    const faults: string[] = []
    for (const node of this.#nodes) {
      const own = this.#published.filter(
        ({ by, acknowledged, n }) => by === node && acknowledged && received.has(n),
      )
      for (const [n, { n: later }] of own.slice(1).entries()) {
        const earlier = (own[n] as Published).n
        const [a, b] = [received.get(earlier) as number, received.get(later) as number]
        const isGapBetween = client.received.slice(b, a).some((one) => 'gap' in one)
        if (a > b && !isGapBetween) faults.push(`has ${earlier} after ${later}`)
      }
    }
    return faults
  }
}
