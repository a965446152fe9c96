import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePorts } from '../../../../scripts/free-ports.mjs'
import { howToInstall, partPath } from '../../../../scripts/test-parts.mjs'
import { ask } from './rpc.mjs'
import { startProcess } from './start-process.mjs'

/** Why the log on Redis is skipped; undefined if it is not. */
export function redisMissing() {
  if (partPath('redis-server') !== undefined) return undefined
  return `redis-server is not installed. To install it: ${howToInstall('redis-server')}`
}

/** A Redis, a process that follows the log on it, and one that publishes. Has the interface of NodeServer. */
export class RedisNode {
  #client
  #port = 0
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #redis
  #follower = startProcess(fileOf('server/redis-log'), { core: 'server' })
  #publisher = startProcess(fileOf('client/publish-redis'), { core: 'clients' })
  #onExit = () => this.#redis?.kill('SIGKILL')

  /** @param {string} client */
  constructor(client) {
    this.#client = client
  }

  /** @returns {Promise<number>} It serves no clients. */
  async listen() {
    this.#port = await freePorts()
    const settings = ['--port', String(this.#port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
    this.#redis = spawn(partPath('redis-server') ?? '', settings, { stdio: 'ignore' })
    process.once('exit', this.#onExit)
    await ask(this.#follower, 'follow', { port: this.#port, client: this.#client })
    return 0
  }

  publish() {}

  /** Publishes `count` events at `rate` a second; resolves when the follower has received them. @param {number} count @param {number} rate */
  async pass(count, rate) {
    await ask(this.#publisher, 'publish', { port: this.#port, client: this.#client, count, rate })
    while (/** @type {number} */ (await ask(this.#follower, 'received')) < count) await sleep(20)
  }

  /** The delay of each event since the last call, in ms. @returns {Promise<number[]>} */
  late() {
    return ask(this.#follower, 'late')
  }

  /** Of the follower. @returns {Promise<import('./node-server.mjs').Usage>} */
  usage() {
    return ask(this.#follower, 'usage')
  }

  /** @returns {Promise<import('./node-server.mjs').Memory>} */
  async memory() {
    return { rss: 0 }
  }

  async connections() {
    return 0
  }

  async startTimer() {}

  /** @returns {Promise<number[]>} */
  async stopTimer() {
    return []
  }

  async startProfile() {}
  async stopProfile() {}

  async stop() {
    this.#follower.disconnect()
    this.#publisher.disconnect()
    process.off('exit', this.#onExit)
    this.#onExit()
  }
}

/** @param {string} name */
function fileOf(name) {
  return fileURLToPath(new URL(`../${name}.mjs`, import.meta.url))
}
