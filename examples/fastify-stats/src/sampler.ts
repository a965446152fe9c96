import type { Server } from 'node:http'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { promisify } from 'node:util'

export interface Sample {
  /** When it was taken, in ms since 1970. */
  time: number
  /** The uptime of the process, in seconds. */
  uptime: number
  connections: number
  requestsPerSecond: number
  /** The longest delay of the event loop since the sample before the last, in ms. */
  loopDelay: number
  memoryBytes: number
  /** Percent of one core. */
  cpu: number
}

/** The histogram measures a timer of this many ms. The excess is the delay of the event loop. */
const resolution = 10

/** Measures this process and its server. Counts are since the previous sample. */
export class Sampler {
  readonly #countConnections: () => Promise<number>
  /** Two in turn: a histogram that was reset measures nothing until its timer has fired again. */
  readonly #loops = [monitorEventLoopDelay({ resolution }), monitorEventLoopDelay({ resolution })] as const
  #loop: 0 | 1 = 0
  #requests = 0
  #cpu = process.cpuUsage()
  #since = performance.now()

  constructor(server: Server) {
    this.#countConnections = promisify(server.getConnections.bind(server))
    for (const loop of this.#loops) loop.enable()
  }

  countRequest(): void {
    this.#requests++
  }

  async take(): Promise<Sample> {
    const connections = await this.#countConnections()
    const now = performance.now()
    const seconds = (now - this.#since) / 1000
    const loop = this.#loops[this.#loop]
    const { user, system } = process.cpuUsage(this.#cpu)
    const sample = {
      time: Date.now(),
      uptime: Math.floor(process.uptime()),
      connections,
      requestsPerSecond: this.#requests / seconds,
      loopDelay: Math.max(0, loop.max / 1e6 - resolution),
      memoryBytes: process.memoryUsage.rss(),
      cpu: (user + system) / 1e4 / seconds,
    }
    this.#since = now
    this.#cpu = process.cpuUsage()
    this.#requests = 0
    this.#loop = this.#loop === 0 ? 1 : 0
    loop.reset()
    return sample
  }
}
