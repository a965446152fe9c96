import { cpuColumns, cpuFor, grouped } from './workload.mjs'

/**
 * @param {number} clients
 * @param {number} events
 * @param {number} bytes
 */
export function fanOutCase(clients, events, bytes) {
  return `${grouped(clients)} clients, ${events === 1 ? '1 event' : `${events} events`} a tick, ${bytes} bytes`
}

/**
 * @param {object} options
 * @param {number} options.clients
 * @param {readonly string[]} options.contestants
 * @param {readonly { events: number, bytes: number, deliveries: number }[]} options.cells
 * @returns {import('./workload.mjs').Workload}
 */
export function fanOut({ clients, contestants, cells }) {
  return {
    name: `fan-out to ${grouped(clients)}`,
    does: 'Publishes to every client; the next tick follows when all of them have received the events of the last one. Measures the CPU time of the server per delivered event.',
    doesNot: 'It does not measure slow clients, TLS, or a network.',
    clients,
    contestants,
    columns: cpuColumns,
    async measure(session) {
      const results = []
      for (const { events, bytes, deliveries } of cells) {
        const ticks = Math.max(2, Math.round(deliveries / clients / events))
        for (let n = 0; n < Math.ceil(ticks / 4); n++) await session.tick(events, bytes)
        const usage = await session.cpu(async () => {
          for (let n = 0; n < ticks; n++) await session.tick(events, bytes)
        })
        await session.verify()
        const values = cpuFor(usage, ticks * events * clients)
        results.push({ case: fanOutCase(clients, events, bytes), values })
      }
      return results
    },
  }
}
