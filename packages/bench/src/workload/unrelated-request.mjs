import { quantile } from '../measure/statistics.mjs'
import { grouped } from './workload.mjs'

const BYTES = 120

/**
 * @param {object} options
 * @param {number} options.clients
 * @param {readonly string[]} options.contestants
 * @param {number} options.duration In ms.
 * @returns {import('./workload.mjs').Workload}
 */
export function unrelatedRequest({ clients, contestants, duration }) {
  return {
    name: 'an unrelated request',
    does: `Measures how long GET /ping takes, on a separate connection, while the server publishes to ${grouped(clients)} clients without a pause.`,
    doesNot: 'It does not measure an idle server, which always answers at once.',
    clients,
    contestants,
    columns: [
      { key: 'p99', title: 'p99', unit: 'ms' },
      { key: 'p50', title: 'median', unit: 'ms' },
    ],
    async measure(session) {
      const latencies = await session.probe(async () => {
        for (const end = performance.now() + duration; performance.now() < end; ) await session.tick(1, BYTES)
      })
      await session.verify()
      const values = { p99: quantile(latencies, 0.99), p50: quantile(latencies, 0.5) }
      return [{ case: 'GET /ping', values }]
    },
  }
}
