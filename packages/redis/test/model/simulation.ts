import { RedisLog } from '../../src/index.ts'
import { FakeNetwork } from './fake-network.ts'
import { FakeServer } from './fake-server.ts'
import { ModelClient, ModelNode } from './model-node.ts'
import { Random } from './random.ts'
import { VirtualTime } from './virtual-time.ts'

/** One publish. Times are virtual. */
interface Published {
  readonly n: number
  readonly by: ModelNode
  readonly called: number
  answered: number
  acknowledged: boolean
}

/** What a run was like, and what was wrong with it. */
export interface Outcome {
  readonly faults: readonly string[]
  readonly script: readonly string[]
  readonly gaps: number
  /** Commands of the servers that were lost. */
  readonly losses: number
}

const START = 1_700_000_000_000

/** One random schedule: three processes, their clients, and all that happens to their Redis. */
export async function simulate(seed: number): Promise<Outcome> {
  const time = new VirtualTime()
  const { random } = Math
  // Pauses between attempts are random, too.
  const pauses = new Random(seed)
  Math.random = () => pauses.next()
  try {
    return await new Simulation(new Random(seed), time).run()
  } finally {
    Math.random = random
    time.restore()
  }
}

class Simulation {
  readonly #random: Random
  readonly #time: VirtualTime
  readonly #network: FakeNetwork
  readonly #nodes: ModelNode[] = []
  readonly #clients: ModelClient[] = []
  readonly #published: Published[] = []
  readonly #backups: FakeServer[] = []
  readonly #script: string[] = []
  #server: FakeServer
  #losses = 0
  /** In some schedules nothing but FLUSHALL happens: that is no more than one gap for anybody. */
  readonly #onlyFlushes: boolean

  constructor(random: Random, time: VirtualTime) {
    this.#random = random
    this.#onlyFlushes = random.chance(0.2)
    this.#time = time
    this.#server = new FakeServer(() => START + time.now)
    this.#network = new FakeNetwork(random, this.#server)
    this.#network.delay = random.pick([2, 5, 20, 100])
  }

  async run(): Promise<Outcome> {
    const tailLength = this.#random.pick([3, 10, 100])
    for (let n = 0; n < 3; n++) {
      const log = new RedisLog(this.#network.client(`node ${n}`), { maxLength: 100_000, timeout: 1_000 })
      this.#nodes.push(new ModelNode(log, tailLength))
    }
    for (let n = 0; n < 5; n++) this.#clients.push(new ModelClient())
    for (const client of this.#clients) this.#random.pick(this.#nodes).join(client)
    await this.#time.pass(500)
    const steps = 20 + this.#random.below(30)
    for (let n = 0; n < steps; n++) {
      await this.#step()
      await this.#time.pass(this.#random.pick([1, 10, 50, 300]))
    }
    await this.#settle()
    const gaps = this.#clients.reduce((sum, { told }) => sum + told.filter((one) => 'gap' in one).length, 0)
    const faults = this.#clients.flatMap((client, n) =>
      this.#judge(client).map((fault) => `client ${n}: ${fault}`),
    )
    if (this.#onlyFlushes) faults.push(...this.#judgeFlushes())
    // Each loss is noticed by up to three processes, and all but one of their marks tell nobody anything.
    if (this.#losses === 0 && gaps > 0) faults.push(`${gaps} gaps, and nothing was lost`)
    await Promise.all([...this.#nodes.map(({ log }) => log.close()), this.#time.pass(5_000)])
    return { faults, script: this.#script, gaps, losses: this.#losses }
  }

  async #step(): Promise<void> {
    const random = this.#random
    const kind = random.below(100)
    if (kind < 55) this.#publish(random.pick(this.#nodes))
    else if (kind < 75) this.#hop(random.pick(this.#onlyFlushes ? this.#clients.slice(2) : this.#clients))
    else if (this.#onlyFlushes) {
      if (kind < 82) this.#lose('flush', () => this.#server.flush())
    } else if (kind < 82) this.#note('cut', () => this.#network.cut({ share: 0.5 }))
    else if (kind < 84) this.#backups.push(this.#server.replica(0))
    else if (kind < 90) this.#failOver()
    else if (kind < 93) this.#splitBrain()
    else if (kind < 94) this.#restore()
    else if (kind < 95) this.#lose('flush', () => this.#server.flush())
    else if (kind < 96 && this.#network.targets.length === 1)
      this.#lose('delete', () => this.#server.deleteNewest(1 + random.below(3)))
    else if (kind < 97) this.#note('ids ahead', () => this.#server.setAhead(random.below(5_000)))
  }

  #publish(by: ModelNode): void {
    for (let count = this.#random.pick([1, 1, 5]); count > 0; count--) {
      const published: Published = {
        n: this.#published.length,
        by,
        called: this.#time.now,
        answered: Number.POSITIVE_INFINITY,
        acknowledged: false,
      }
      this.#published.push(published)
      const settle = (acknowledged: boolean) => {
        published.acknowledged = acknowledged
        published.answered = this.#time.now
      }
      by.log.append({ channels: ['c'], data: String(published.n) }).then(
        () => settle(true),
        () => settle(false),
      )
    }
    this.#note(`publish by ${this.#nodes.indexOf(by)} up to ${this.#published.length - 1}`)
  }

  #hop(client: ModelClient): void {
    const away = client.node !== undefined && this.#random.chance(0.4)
    const node = this.#random.pick(this.#nodes)
    this.#note(
      `client ${this.#clients.indexOf(client)} ${away ? 'leaves' : `goes to ${this.#nodes.indexOf(node)}`}`,
    )
    if (away) client.node?.leave(client)
    else node.join(client)
  }

  /** The master dies; a replica that has not all takes its place. */
  #failOver(): void {
    const old = this.#server
    this.#lose('failover', () => {
      this.#server = old.replica(this.#random.below(5), this.#skew())
      old.alive = false
      this.#network.targets = [this.#server]
      this.#network.cut({ server: old })
    })
  }

  /** A replica takes over while the master lives on for a while: connections go to one or the other. */
  #splitBrain(): void {
    const old = this.#server
    this.#lose('split brain', () => {
      this.#server = old.replica(this.#random.below(3), this.#skew())
      this.#network.targets = [old, this.#server]
      this.#network.cut({ server: old, share: 0.7 })
      setTimeout(() => {
        this.#note('split brain ends')
        old.alive = false
        this.#network.targets = [this.#server]
        this.#network.cut({ server: old })
      }, 50 + this.#random.below(2_000))
    })
  }

  #skew(): number {
    return this.#random.pick([0, 0, 0, -3_000, 3_000])
  }

  #restore(): void {
    const [backup] = this.#backups
    if (backup !== undefined)
      this.#lose('restore', () => this.#server.restore(this.#random.pick(this.#backups)))
  }

  #lose(what: string, act: () => void): void {
    this.#losses++
    this.#note(what, act)
  }

  #note(what: string, act: () => void = () => {}): void {
    this.#script.push(`${this.#time.now.toFixed(0)} ${what}`)
    act()
  }

  /** All is well again, and everybody has had the time to notice what there was. */
  async #settle(): Promise<void> {
    await this.#time.pass(20_000)
    for (const client of this.#clients)
      if (client.node === undefined) this.#random.pick(this.#nodes).join(client)
    for (const node of this.#nodes) {
      this.#publish(node)
      await this.#time.pass(10_000)
    }
  }

  #judgeFlushes(): string[] {
    const faults: string[] = []
    for (const [n, { states }] of this.#nodes.entries()) {
      // Publishing reaches the same server as reading, whatever is gone.
      if (states.lastIndexOf(false) > states.indexOf(true)) faults.push(`node ${n}: up ${states}`)
    }
    for (const [n, { told, visits }] of this.#clients.entries()) {
      // Processes find out one after the other: a client that moves about meanwhile may be told twice.
      const count = told.filter((one) => 'gap' in one).length
      if (visits === 1 && count > this.#losses)
        faults.push(`client ${n}: ${count} gaps of ${this.#losses} losses`)
    }
    return faults
  }

  #judge(client: ModelClient): string[] {
    const faults: string[] = []
    const last = this.#published.at(-1)
    const lastGap = Math.max(-1, ...client.told.filter((one) => 'gap' in one).map(({ time }) => time))
    const received = new Map<number, number>()
    for (const [at, one] of client.told.entries()) {
      if (!('n' in one)) continue
      // A process that is behind the client tells it of a gap, and goes on from its own place.
      const before = received.get(one.n)
      const isRepeated =
        before !== undefined && !client.told.slice(before, at).some((other) => 'gap' in other)
      if (isRepeated) faults.push(`has ${one.n} twice`)
      received.set(one.n, at)
    }
    if (last === undefined || !last.acknowledged) faults.push('the last event was refused')
    for (const { n, called, acknowledged } of this.#published) {
      // What was published before a gap, the page has when it loads afresh.
      const isDue = acknowledged && called > client.since && called > lastGap
      if (isDue && !received.has(n)) faults.push(`misses ${n}`)
    }
    faults.push(...this.#disorder(client, received))
    return faults
  }

  /** Events of one process that were answered before the next one was published come in that order. */
  #disorder(client: ModelClient, received: ReadonlyMap<number, number>): string[] {
    const faults: string[] = []
    for (const node of this.#nodes) {
      const own = this.#published.filter(
        ({ by, acknowledged, n }) => by === node && acknowledged && received.has(n),
      )
      for (const [n, { n: later }] of own.slice(1).entries()) {
        const earlier = (own[n] as Published).n
        const [a, b] = [received.get(earlier) as number, received.get(later) as number]
        const isGapBetween = client.told.slice(b, a).some((one) => 'gap' in one)
        if (a > b && !isGapBetween) faults.push(`has ${earlier} behind ${later}`)
      }
    }
    return faults
  }
}
