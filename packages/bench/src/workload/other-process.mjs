import { RedisNode } from '../measure/redis-node.mjs'
import { quantile } from '../measure/statistics.mjs'
import { cpuFor, grouped } from './workload.mjs'

/** Events per second: one at a time, and as many as one process of several may have to follow. */
const RATES = [50, 5_000]

/**
 * @param {object} options
 * @param {readonly string[]} options.contestants
 * @param {number} options.seconds
 * @returns {import('./workload.mjs').Workload}
 */
export function otherProcess({ contestants, seconds }) {
  return {
    name: 'several processes',
    does: 'One process publishes, another follows the log on Redis. Measures the CPU time of the follower per event, and how long an event takes to reach it.',
    doesNot: 'It does not measure a network between them and Redis, nor the clients of the follower.',
    clients: 0,
    contestants,
    columns: [
      { key: 'cpu', title: 'CPU', unit: 'µs' },
      { key: 'p50', title: 'takes, median', unit: 'ms' },
      { key: 'p99', title: 'takes, p99', unit: 'ms' },
    ],
    async measure({ server }) {
      if (!(server instanceof RedisNode)) throw new Error('Only logs on Redis are shared.')
      const results = []
      for (const rate of RATES) {
        const count = Math.ceil(rate * seconds)
        await server.pass(Math.ceil(count / 4), rate)
        await server.late()
        const before = await server.usage()
        await server.pass(count, rate)
        const after = await server.usage()
        const late = await server.late()
        if (late.length !== count) throw new Error(`${late.length} of ${count} events arrived.`)
        const { cpu = 0 } = cpuFor(
          { user: after.user - before.user, system: after.system - before.system },
          count,
        )
        const values = { cpu, p50: quantile(late, 0.5), p99: quantile(late, 0.99) }
        results.push({ case: `${grouped(rate)} events a second`, values })
      }
      return results
    },
  }
}
