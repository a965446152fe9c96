import { contestant } from '../contestants.mjs'
import { compressionName } from '../workload/compression.mjs'
import { fanOutCase } from '../workload/fan-out.mjs'
import { followersCase } from '../workload/run.mjs'
import { MANY_A_TICK, ONE_A_TICK } from '../workload/token-stream.mjs'
import { grouped } from '../workload/workload.mjs'
import { ratio } from './ratio.mjs'

/**
 * The maximum cost that we accept, as a fraction of a peer's cost.
 *
 * @typedef {object} Target
 * @property {string} workload The beginning of its name.
 * @property {string} [case]
 * @property {string} theirs
 * @property {string} [ours] If it is not the one that the peer is compared with by default.
 * @property {number} atMost
 * @property {number} [allowed] Added to theirs before the division, in KB.
 * @property {string} [column] The compared column, if it is not the first.
 */

/** @param {import('../plan.mjs').Size} size @returns {Target[]} */
function targets({ few, many }) {
  const once = { workload: `fan-out to ${grouped(few)}`, case: fanOutCase(few, 1, 120) }
  const tenTimes = { ...once, case: fanOutCase(few, 10, 120) }
  const toMany = { workload: `fan-out to ${grouped(many)}`, case: fanOutCase(many, 1, 120) }
  const tokens = { workload: 'token stream', case: MANY_A_TICK }
  const shared = { ours: 'downstream-shared' }
  const compression = [few, many].flatMap((clients) =>
    /** @type {const} */ ([
      ['price', 1.15],
      ['list', 1],
      ['table', 1],
    ]).flatMap(([kind, atMost]) => [
      { ...shared, workload: compressionName(clients, kind), theirs: 'downstream-node', atMost },
      { ...shared, workload: compressionName(clients, kind), theirs: 'gzip-each', atMost: 0.35 },
      {
        ...shared,
        workload: compressionName(clients, kind),
        theirs: 'downstream-node',
        column: 'heap',
        allowed: 1,
        atMost: 1,
      },
    ]),
  )
  const oneKilobyte = { workload: 'idle', atMost: 1, allowed: 1 }
  return [
    { ...once, theirs: 'better-sse', atMost: 0.65 },
    { ...once, theirs: 'fastify-sse', atMost: 0.7 },
    { ...once, theirs: 'res-write-node', atMost: 0.8 },
    { ...once, theirs: 'nchan', atMost: 1 },
    { ...tenTimes, theirs: 'better-sse', atMost: 0.25 },
    { ...tenTimes, theirs: 'fastify-sse', atMost: 0.25 },
    { ...tenTimes, theirs: 'res-write-node', atMost: 0.3 },
    { ...toMany, theirs: 'better-sse', atMost: 0.65 },
    { ...toMany, theirs: 'fastify-sse', atMost: 0.65 },
    { ...toMany, theirs: 'nchan', atMost: 1.05 },
    { ...tokens, theirs: 'fastify-sse', atMost: 0.4 },
    { ...tokens, theirs: 'better-sse', atMost: 0.4 },
    { workload: 'token stream', case: ONE_A_TICK, theirs: 'fastify-sse', atMost: 1 },
    { ...oneKilobyte, theirs: 'res-write-node' },
    { ...oneKilobyte, theirs: 'res-write-node', ours: 'downstream-fastify' },
    { ...oneKilobyte, theirs: 'res-write-express' },
    ...compression,
    { workload: 'an unwatched run', ours: 'downstream-runs', theirs: 'generator', atMost: 1.3 },
    ...[1, 100].map((followers) => ({
      workload: 'followers of a run',
      case: followersCase(followers),
      ours: 'downstream-runs',
      theirs: 'downstream-node',
      atMost: 1.1,
    })),
    { workload: 'relay', ours: 'downstream-relay', theirs: 'pipe', atMost: 1.15 },
    { workload: 'an unrelated request', theirs: 'better-sse', atMost: 0.05 },
  ]
}

/**
 * The contestants that are compared in a workload.
 *
 * @param {string} workload
 * @param {import('../plan.mjs').Size} size
 */
export function comparedIn(workload, size) {
  const about = targets(size).filter((one) => workload.startsWith(one.workload))
  return new Set(about.flatMap(({ theirs, ours = oursFor(theirs) }) => [theirs, ours]))
}

/** @param {string} theirs */
function oursFor(theirs) {
  return contestant(theirs).ours ?? ''
}

/**
 * @param {readonly import('./results.mjs').WorkloadResult[]} results
 * @param {import('../plan.mjs').Size} size
 * @returns {import('./results.mjs').TargetResult[]} Those that were measured.
 */
export function targetsOf(results, size) {
  return targets(size).flatMap(
    ({ theirs, ours = oursFor(theirs), atMost, allowed = 0, column, ...where }) => {
      for (const { name, columns, cases } of results) {
        if (!name.startsWith(where.workload)) continue
        for (const { title, figures } of cases) {
          if (title !== (where.case ?? title)) continue
          const value = ratio(figures, ours, theirs, column ?? columns[0]?.key ?? '', allowed)
          if (value === undefined) continue
          const full = name.startsWith('fan-out') ? title : `${name}, ${column ?? title}`
          return [{ title: full, ours, theirs, ratio: value, atMost, allowed }]
        }
      }
      return []
    },
  )
}
