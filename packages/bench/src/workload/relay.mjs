import { cpuColumns, cpuFor } from './workload.mjs'

/** The number of tokens that the upstream sends at once. */
const BURST = 50

/**
 * @param {object} options
 * @param {readonly string[]} options.contestants
 * @param {number} options.count Tokens.
 * @returns {import('./workload.mjs').Workload}
 */
export function relay({ contestants, count }) {
  return {
    name: 'relay',
    does: `Passes on the event stream of another process, whose tokens come ${BURST} at a time, to one client that reads at once. Measures the CPU time of the relaying process per token.`,
    doesNot:
      'It does not measure how soon a single token arrives. The pipe passes bytes on and looks at none.',
    clients: 0,
    contestants,
    columns: cpuColumns,
    async measure(session) {
      const pass = async () => {
        await session.open({ count: 1, path: `/tokens?count=${count}&burst=${BURST}` })
        await session.arrived(count)
      }
      await pass()
      await session.closeClients()
      const usage = await session.cpu(pass)
      await session.verify()
      await session.closeClients()
      return [{ case: '1 client', values: cpuFor(usage, count) }]
    },
  }
}
