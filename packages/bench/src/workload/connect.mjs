import { cpuColumns, cpuFor } from './workload.mjs'

const ROUNDS = 4

/**
 * @param {object} options
 * @param {readonly string[]} options.contestants
 * @param {number} options.count
 * @returns {import('./workload.mjs').Workload}
 */
export function connect({ contestants, count }) {
  return {
    name: 'connect and disconnect',
    does: 'Clients connect, receive the headers of their response and disconnect. Measures the CPU time of the server per client.',
    doesNot:
      'It does not measure clients that resume from a log, nor how many clients can connect per second.',
    clients: 0,
    contestants,
    columns: cpuColumns,
    async measure(session) {
      const connectAndDisconnect = async () => {
        await session.open({ count })
        await session.closeClients()
      }
      await connectAndDisconnect()
      const usage = await session.cpu(async () => {
        for (let n = 0; n < ROUNDS; n++) await connectAndDisconnect()
      })
      return [{ case: 'each connection', values: cpuFor(usage, ROUNDS * count) }]
    },
  }
}
