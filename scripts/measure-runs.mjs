// `npx tsx --conditions=@downstream/source scripts/measure-runs.mjs [reloads] [stops] [kills]`: runs on a Redis of its own, produced and followed by an
// Express process and a Fastify process. Prints the results that test/runs checks in a shorter form:
// - 200 runs of 400 events, each read by a page that reloads ten times at random positions, in either process
// - 200 runs that are stopped from the other process: how long their sources continue
// - 50 producers that are killed: what their followers have received, and when they get the end
import { RedisServer } from '../packages/redis/test/harness/redis-server.ts'
import { RunNode } from '../test/runs/run-node.ts'
import { kill, reload, stop } from '../test/runs/scenarios.ts'

const lease = 5_000
const events = 100

const redis = await RedisServer.start()
const nodes = /** @type {[RunNode, RunNode]} */ (
  await Promise.all([
    RunNode.start('express', redis.port, lease),
    RunNode.start('fastify', redis.port, lease),
  ])
)
try {
  if (wanted('reloads')) {
    console.log('reloads', await reload(nodes, { runs: 200, events: 400, reloads: 10 }))
  }
  if (wanted('stops')) {
    const { late, reasons, ends, beyond } = await stop(nodes, { runs: 200 })
    late.sort((one, other) => one - other)
    console.log('stops', {
      p50: late[100],
      p99: late[197],
      longest: late[199],
      beyond,
      ...counted(reasons),
      ...counted(ends),
    })
  }
  if (wanted('kills')) {
    const kills = []
    for (let n = 0; n < 50; n += 5) {
      const batch = Array.from({ length: 5 }, () => kill(nodes, redis.port, { lease, runs: 2, events }))
      kills.push(...(await Promise.all(batch)).flat())
    }
    const after = kills.map(({ endedAfter }) => endedAfter).sort((one, other) => one - other)
    console.log('kills', {
      lease,
      followers: kills.length,
      firstTold: after[0],
      lastTold: after.at(-1),
      ...counted(kills.map(({ had, end }) => `${had}, ${end}`)),
    })
  }
} finally {
  for (const node of nodes) await node.kill()
  await redis.close()
}
process.exit()

/** @param {string} name */
function wanted(name) {
  const names = process.argv.slice(2)
  return names.length === 0 || names.includes(name)
}

/** @param {readonly string[]} list */
function counted(list) {
  /** @type {Record<string, number>} */
  const counts = {}
  for (const one of list) counts[one] = (counts[one] ?? 0) + 1
  return counts
}
