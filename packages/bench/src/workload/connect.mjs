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
    does: 'Clients come, get the head of their response and leave. CPU of the server for each of them.',
    doesNot: 'Says nothing about a log that is read on the way, or about how many can come in one second.',
    clients: 0,
    contestants,
    columns: cpuColumns,
    async measure(session) {
      const comeAndGo = async () => {
        await session.open({ count })
        await session.closeClients()
      }
      await comeAndGo()
      const usage = await session.cpu(async () => {
        for (let n = 0; n < ROUNDS; n++) await comeAndGo()
      })
      return [{ case: 'each connection', values: cpuFor(usage, ROUNDS * count) }]
    },
  }
}
