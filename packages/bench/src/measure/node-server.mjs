import { fileURLToPath } from 'node:url'
import { ask, tell } from './rpc.mjs'
import { startProcess } from './start-process.mjs'

const file = fileURLToPath(new URL('../server/serve.mjs', import.meta.url))

/**
 * CPU time in µs, of all threads.
 *
 * @typedef {{ user: number, system: number }} Usage
 *
 * @typedef {{ rss: number, heap?: number }} Memory In bytes.
 */

/** A contestant in a separate Node process. */
export class NodeServer {
  #child

  /** @param {string} contestant */
  constructor(contestant) {
    this.#child = startProcess(file, { args: [contestant], flags: ['--expose-gc'], core: 'server' })
  }

  /** @returns {Promise<number>} The port. */
  listen() {
    return ask(this.#child, 'listen')
  }

  /** @param {{ from: number, count: number, bytes: number | import('../work.mjs').Kind }} events */
  publish(events) {
    tell(this.#child, 'publish', events)
  }

  /** @returns {Promise<Usage>} */
  usage() {
    return ask(this.#child, 'usage')
  }

  /** Measured after a garbage collection. @returns {Promise<Memory>} */
  memory() {
    return ask(this.#child, 'memory')
  }

  /** @returns {Promise<number>} */
  connections() {
    return ask(this.#child, 'connections')
  }

  startTimer() {
    return ask(this.#child, 'startTimer')
  }

  /** @returns {Promise<number[]>} */
  stopTimer() {
    return ask(this.#child, 'stopTimer')
  }

  startProfile() {
    return ask(this.#child, 'startProfile')
  }

  /** @param {string} file */
  stopProfile(file) {
    return ask(this.#child, 'stopProfile', { file })
  }

  async stop() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.disconnect()
    await ended
  }
}
