import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { contestant as described, sharedLogs } from '../contestants.mjs'
import { NchanServer } from '../server/nchan.mjs'
import { NodeServer } from './node-server.mjs'
import { RedisNode } from './redis-node.mjs'
import { ask } from './rpc.mjs'

/**
 * The processes that live for the whole run.
 *
 * @typedef {{ load: import('node:child_process').ChildProcess, prober: import('node:child_process').ChildProcess }} Clients
 */

/** How many requests may be in progress while clients connect, unless the workload measures that. */
const AT_ONCE = 200

/** @param {string} contestant */
function serverOf(contestant) {
  if (contestant === 'nchan') return new NchanServer()
  return sharedLogs.includes(contestant) ? new RedisNode(contestant) : new NodeServer(contestant)
}

/** One contestant's server, and its clients. */
export class Session {
  /** The memory of the server before the last nine tenths of its clients connected. @type {import('./node-server.mjs').Memory} */
  baseline = { rss: 0 }
  /** How many clients connected after that. */
  added = 0
  /** The events that each client must have received so far. */
  expected = 0
  /** How long to wait for the next event before failing, in ms. */
  timeout = 60_000
  #contestant
  #compresses
  #clients
  #profiles
  #profiled = 0
  #published = 0
  #port = 0

  /**
   * @param {string} contestant
   * @param {Clients} clients
   * @param {string} [profiles] A folder for the CPU profile of each measured work.
   */
  constructor(contestant, clients, profiles) {
    this.#contestant = contestant
    this.#compresses = !contestant.includes('/') && described(contestant).compresses === true
    this.#clients = clients
    this.#profiles = profiles
    this.server = serverOf(contestant)
  }

  /** Starts the server and connects `count` clients to its events. @param {number} count */
  async start(count) {
    this.#port = await this.server.listen()
    if (count === 0) return
    const first = Math.ceil(count / 10)
    await this.open({ count: first })
    this.baseline = await this.server.memory()
    this.added = count - first
    await this.open({ count: this.added })
  }

  /**
   * Connects clients. Resolves when all of them have received the headers of their response.
   * @param {{ count: number, path?: string, atOnce?: number, lastEventId?: string | undefined }} options
   */
  async open({ path = '/events', atOnce = AT_ONCE, ...options }) {
    const where = { port: this.#port, path, atOnce, compressed: this.#compresses }
    await ask(this.#clients.load, 'open', { ...where, ...options })
  }

  /** Publishes `count` events in one tick, and waits until every client has them. @param {number} count @param {number | import('../work.mjs').Kind} bytes */
  async tick(count, bytes) {
    this.server.publish({ from: this.#published, count, bytes })
    this.#published += count
    await this.arrived(count)
  }

  /** The bytes received by all clients, with headers. @returns {Promise<number>} */
  bytesReceived() {
    return ask(this.#clients.load, 'bytes')
  }

  /** Waits until every client has received `count` more. @param {number} count */
  async arrived(count) {
    this.expected += count
    await ask(this.#clients.load, 'arrived', { each: this.expected, timeout: this.timeout })
  }

  /**
   * Fails unless every client has exactly the events it must have, and the first of them in the right order.
   *
   * @returns {Promise<string>} The last event's id.
   */
  async verify() {
    return (await ask(this.#clients.load, 'verify', { each: this.expected })) ?? ''
  }

  /** The server's CPU time for `work`, in µs. @param {() => Promise<void>} work */
  async cpu(work) {
    if (this.#profiles !== undefined) await this.server.startProfile()
    const before = await this.server.usage()
    await work()
    // Include the work of a server after it has sent the last byte.
    await sleep(50)
    const after = await this.server.usage()
    if (this.#profiles !== undefined) {
      const file = `${this.#contestant}-${this.added}-${++this.#profiled}.cpuprofile`
      await this.server.stopProfile(join(this.#profiles, file))
    }
    return { user: after.user - before.user, system: after.system - before.system }
  }

  /** How long concurrent requests took during `work`, in ms. @param {() => Promise<void>} work @returns {Promise<number[]>} */
  async probe(work) {
    await ask(this.#clients.prober, 'start', { port: this.#port })
    await work()
    return ask(this.#clients.prober, 'stop')
  }

  /** Disconnects the clients. Resolves when the server has noticed. */
  async closeClients() {
    await ask(this.#clients.load, 'close')
    this.expected = 0
    while ((await this.server.connections()) > 0) await sleep(20)
  }

  async stop() {
    await ask(this.#clients.load, 'close')
    await this.server.stop()
  }
}
