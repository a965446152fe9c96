import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { eventually } from '@downstream/testing'
import { FaultyProxy } from './faulty-proxy.ts'
import { HoppingClient } from './hopping-client.ts'
import { HubNode, type HubNodeOptions } from './hub-node.ts'
import { Publisher } from './publisher.ts'
import type { RedisClientName } from './redis-clients.ts'
import { RedisServer, type RedisServerOptions } from './redis-server.ts'
import { judge, type Numbered, type Verdict } from './verdict.ts'

/**
 * Plays the scenarios on a busy log: STAGE_RATE rows a second that other processes publish to each Redis, and STAGE_DELAY
 * ms between the nodes and Redis. One process cannot read such a log for several scenarios at once: `--runInBand
 * --maxConcurrency 1`. This is not for a short log (history), a lag of 300 ms, which allows 1 666 rows a second
 * (lagging-node), and a fixed number of reads (node-restart).
 */
const { STAGE_RATE = '0', STAGE_DELAY = '0' } = process.env
const rate = Number(STAGE_RATE)

/** What a scenario uses; everything is closed after it. */
export class Stage {
  readonly #client: RedisClientName
  readonly #nodes: HubNode[] = []
  readonly #readers: HoppingClient[] = []
  readonly #publishers: Publisher[] = []
  readonly #proxies: FaultyProxy[] = []
  readonly #servers: RedisServer[] = []
  readonly #floods: ChildProcess[] = []

  constructor(client: RedisClientName) {
    this.#client = client
  }

  async redis(options?: RedisServerOptions): Promise<RedisServer> {
    const server = await RedisServer.start(options)
    this.#servers.push(server)
    if (rate > 0) this.flood(server, rate)
    return server
  }

  /** Publishes this many rows per second into the log on a Redis, from a separate process. */
  flood({ port }: RedisServer, rate: number): void {
    this.#floods.push(spawn(process.execPath, [join(__dirname, 'flood.mjs'), String(port), String(rate)]))
  }

  async proxy(to: RedisServer): Promise<FaultyProxy> {
    const proxy = await FaultyProxy.open(to.port)
    this.#proxies.push(proxy)
    return proxy
  }

  /** A node behind its own proxy; with a proxy it may start without Redis. */
  async node(to: RedisServer | FaultyProxy, options: HubNodeOptions = {}): Promise<HubNode> {
    const proxy = to instanceof FaultyProxy ? to : await this.proxy(to)
    proxy.delay(Number(STAGE_DELAY))
    const node = await HubNode.start(this.#client, proxy, rate > 0 ? withRoom(options) : options)
    this.#nodes.push(node)
    if (to !== proxy) await node.hub.ready()
    return node
  }

  /** A client that has received its cursor in the log of this node. */
  async reader(node: HubNode): Promise<HoppingClient> {
    const [reader] = await this.readers(1, node)
    return reader as HoppingClient
  }

  /** A client that has just connected. */
  newcomer(node: HubNode): HoppingClient {
    const reader = new HoppingClient()
    this.#readers.push(reader)
    reader.visit(node)
    return reader
  }

  async readers(count: number, node: HubNode): Promise<HoppingClient[]> {
    const readers = Array.from({ length: count }, () => this.newcomer(node))
    await eventually(`${count} clients have an id`, () =>
      readers.every(({ lastEventId }) => lastEventId !== ''),
    )
    return readers
  }

  publisher(by: string, node: HubNode): Publisher {
    const publisher = new Publisher(by, node.hub)
    this.#publishers.push(publisher)
    return publisher
  }

  /** Publishes through each publisher until these readers have received everything, and judges what they received. */
  async verdicts(...readers: HoppingClient[]): Promise<Verdict[]> {
    const judged = () => readers.map(({ received }) => judge(received, this.#publishers))
    const verdicts = () => [...new Set(judged().map((verdict) => JSON.stringify(verdict)))]
    let last: Numbered[] = []
    let due = 0
    // Doubled each time: a busy machine may need longer than the last pause to deliver to all of them.
    let pause = 1_000
    const waits = (reader: HoppingClient) => !last.every((event) => reader.has(event))
    await eventually(
      'every client has received the last event',
      async () => {
        // An event that was published while a client reconnected can be older than the gap that the client gets.
        if (performance.now() > due) {
          last = await Promise.all(this.#publishers.map((publisher) => publisher.publishOne()))
          due = performance.now() + pause
          pause *= 2
        }
        // A gap may still follow for what is missing: a process must query Redis first to notice it.
        return !readers.some(waits) && judged().every(({ missing }) => missing === 0)
      },
      () => ({ waiting: readers.filter(waits).length, verdicts: verdicts() }),
    )
    return judged()
  }

  /** What the nodes reported. */
  report(): string {
    return this.#nodes
      .map(
        ({ states, errors }, n) =>
          `node ${n}: ${states.join(' ')}\n  ${errors.slice(-10).map(String).join('\n  ')}`,
      )
      .join('\n')
  }

  async close(): Promise<void> {
    for (const reader of this.#readers) reader.leave()
    let closed = false
    const closing = Promise.all(this.#nodes.map((node) => node.close())).finally(() => {
      closed = true
    })
    try {
      await Promise.race([closing, eventually('all nodes are closed', () => closed)])
    } finally {
      for (const flood of this.#floods) flood.kill()
      for (const proxy of this.#proxies) proxy.close()
      await Promise.all(this.#servers.map((server) => server.close()))
    }
  }
}

/** The rows of other processes must not push the events of the scenario out of the log, nor out of a client's reach. */
function withRoom({ log, hub, ...options }: HubNodeOptions): HubNodeOptions {
  const rows = 10_000_000
  return { ...options, log: { maxLength: rows, ...log }, hub: { maxResume: rows, ...hub } }
}

/** A scenario with one kind of Redis client, as a Jest test runs it. */
export function onStage(client: RedisClientName, play: (stage: Stage) => Promise<void>): () => Promise<void> {
  return async () => {
    const unhandled: unknown[] = []
    const onUnhandled = (error: unknown) => unhandled.push(error)
    process.on('unhandledRejection', onUnhandled)
    const stage = new Stage(client)
    try {
      await play(stage)
      expect(unhandled).toEqual([])
    } catch (error) {
      if (error instanceof Error) error.message += `\n\n${stage.report()}`
      throw error
    } finally {
      process.off('unhandledRejection', onUnhandled)
      await stage.close()
    }
  }
}
