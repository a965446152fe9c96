import { cpuColumns, cpuFor } from './workload.mjs'

/** The number of tokens in a burst. */
const BURST = 50

export const MANY_A_TICK = `1 client, ${BURST} tokens a tick`
export const ONE_A_TICK = '1 client, 1 token a tick'

/**
 * @param {object} options
 * @param {readonly string[]} options.contestants
 * @param {number} options.count The number of tokens in bursts.
 * @param {number} options.lonely The number of single tokens.
 * @returns {import('./workload.mjs').Workload}
 */
export function tokenStream({ contestants, count, lonely }) {
  return {
    name: 'token stream',
    does: 'Sends small tokens from an async generator to one client that reads at once. Measures the CPU time of the server per token, with the generator.',
    doesNot: 'It does not measure how soon a single token arrives.',
    clients: 0,
    contestants,
    columns: cpuColumns,
    async measure(session) {
      const results = []
      for (const [name, burst, tokens] of /** @type {const} */ ([
        [MANY_A_TICK, BURST, count],
        [ONE_A_TICK, 1, lonely],
      ])) {
        // Warm up with as many tokens: with fewer, the fastest contestant would mostly measure compilation.
        await stream(session, tokens, burst)
        results.push({ case: name, values: cpuFor(await stream(session, tokens, burst), tokens) })
      }
      return results
    },
  }
}

/**
 * @param {import('../measure/session.mjs').Session} session
 * @param {number} count
 * @param {number} burst
 */
async function stream(session, count, burst) {
  const usage = await session.cpu(async () => {
    await session.open({ count: 1, path: `/tokens?count=${count}&burst=${burst}` })
    await session.arrived(count)
  })
  await session.verify()
  await session.closeClients()
  return usage
}
