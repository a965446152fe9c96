// The process under test: `node serve.mjs <contestant>` serves one of the files in this folder and executes commands.
import { writeFileSync } from 'node:fs'
import { Session } from 'node:inspector'
import { setTimeout as sleep } from 'node:timers/promises'
import { answer } from '../measure/rpc.mjs'
import { eventData } from '../work.mjs'
import { TimerDelay } from './timer-delay.mjs'

/**
 * What a contestant's file exports.
 *
 * @typedef {object} Contestant
 * @property {import('node:http').Server} server Events at /events, tokens at /tokens, 'pong' at /ping.
 * @property {(data: string) => void} publish Sends an event to all clients of /events.
 */

/** @type {Contestant} */
const { server, publish } = await import(`./${process.argv[2]}.mjs`)
/** @type {TimerDelay | undefined} */
let delay
/** @type {Session | undefined} */
let inspector

answer({
  listen: () =>
    new Promise((resolve) => {
      server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
        resolve(/** @type {import('node:net').AddressInfo} */ (server.address()).port)
      })
    }),
  /** Publishes all in one tick. @param {{ from: number, count: number, bytes: number | import('../work.mjs').Kind }} events */
  publish({ from, count, bytes }) {
    for (let n = 0; n < count; n++) publish(eventData(from + n, bytes))
  },
  usage() {
    const { user, system } = process.cpuUsage()
    return { user, system }
  },
  async memory() {
    for (let n = 0; n < 4; n++) {
      await sleep(25)
      globalThis.gc?.()
    }
    const { rss, heapUsed } = process.memoryUsage()
    return { rss, heap: heapUsed }
  },
  connections: () =>
    new Promise((resolve, reject) => {
      server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
    }),
  startTimer() {
    delay = new TimerDelay()
  },
  stopTimer: () => delay?.stop(),
  startProfile() {
    inspector = new Session()
    inspector.connect()
    inspector.post('Profiler.enable')
    inspector.post('Profiler.setSamplingInterval', { interval: 200 })
    inspector.post('Profiler.start')
  },
  /** @param {{ file: string }} where */
  stopProfile({ file }) {
    inspector?.post('Profiler.stop', (_error, { profile }) => writeFileSync(file, JSON.stringify(profile)))
    inspector?.disconnect()
  },
})
