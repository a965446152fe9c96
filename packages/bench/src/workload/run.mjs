import { cpuColumns, cpuFor, grouped } from './workload.mjs'

/** How many runs are measured, one after another: a single one takes 15 ms, and varies by half. */
const RUNS = 30
/** A small token. */
const BYTES = 20

/**
 * @param {object} options
 * @param {readonly string[]} options.contestants
 * @param {number} options.count Tokens.
 * @returns {import('./workload.mjs').Workload}
 */
export function unwatchedRun({ contestants, count }) {
  return {
    name: 'an unwatched run',
    does: 'Reads a generator of small tokens that waits a turn of the event loop for each, without followers. Measures the CPU time per token, with the generator.',
    doesNot: 'It does not measure a store outside the process.',
    clients: 0,
    contestants,
    columns: cpuColumns,
    async measure(session) {
      const run = async () => {
        for (let n = 0; n < RUNS; n++) {
          await session.open({ count: 1, path: `/unwatched?count=${count}&burst=1` })
          await session.arrived(1)
          await session.verify()
          await session.closeClients()
        }
      }
      await run()
      const usage = await session.cpu(run)
      return [{ case: `${grouped(count)} tokens`, values: cpuFor(usage, RUNS * count) }]
    },
  }
}

/** @param {number} followers */
export function followersCase(followers) {
  return `${grouped(followers)} ${followers === 1 ? 'follower' : 'followers'}, 1 token a tick`
}

/**
 * @param {object} options
 * @param {readonly string[]} options.contestants
 * @param {readonly number[]} options.followers
 * @param {number} options.deliveries
 * @returns {import('./workload.mjs').Workload}
 */
export function followedRun({ contestants, followers, deliveries }) {
  return {
    name: 'followers of a run',
    does: 'A run yields small tokens to its followers, a hub publishes the same to its streams; the next token follows when all of them have received the last one. Measures the CPU time per delivered token.',
    doesNot: 'It does not measure a store outside the process, nor late followers.',
    clients: 0,
    contestants,
    columns: cpuColumns,
    async measure(session) {
      const results = []
      for (const count of followers) {
        const ticks = Math.max(2, Math.round(deliveries / count ** 0.5))
        await session.open({ count })
        for (let n = 0; n < ticks / 2; n++) await session.tick(1, BYTES)
        const usage = await session.cpu(async () => {
          for (let n = 0; n < ticks; n++) await session.tick(1, BYTES)
        })
        await session.closeClients()
        results.push({ case: followersCase(count), values: cpuFor(usage, ticks * count) })
      }
      return results
    },
  }
}
