import { compressing, contestants, followed, relaying, sharedLogs, unwatched } from './contestants.mjs'
import { openFiles } from './measure/open-files.mjs'
import { comparedIn } from './report/targets.mjs'
import { compression } from './workload/compression.mjs'
import { connect } from './workload/connect.mjs'
import { fanOut } from './workload/fan-out.mjs'
import { idle } from './workload/idle.mjs'
import { otherProcess } from './workload/other-process.mjs'
import { relay } from './workload/relay.mjs'
import { resume } from './workload/resume.mjs'
import { followedRun, unwatchedRun } from './workload/run.mjs'
import { tokenStream } from './workload/token-stream.mjs'
import { unrelatedRequest } from './workload/unrelated-request.mjs'
import { grouped } from './workload/workload.mjs'

/**
 * The sizes of a run.
 *
 * @typedef {object} Size
 * @property {number} rounds
 * @property {number} roundsOfMany The rounds with many clients, which take most of the time to connect.
 * @property {number} few Clients.
 * @property {number} many
 * @property {number} small Events that are delivered to measure one cell with small events.
 * @property {number} large The same with large ones.
 * @property {number} tokens Tokens that are sent many at a time.
 * @property {number} lonelyTokens Tokens that are sent one at a time.
 * @property {number} runTokens Tokens of a run.
 * @property {number} visitors How many connect and disconnect.
 * @property {number} missed Events.
 * @property {number} probing In ms.
 * @property {number} following In seconds.
 * @property {boolean} short Only workloads with a target, unless others are named.
 */

/** @type {Record<'full' | 'quick' | 'tiny', Size>} */
const sizes = {
  full: {
    rounds: 3,
    roundsOfMany: 2,
    few: 1_000,
    many: 10_000,
    small: 100_000,
    large: 30_000,
    tokens: 200_000,
    lonelyTokens: 25_000,
    runTokens: 10_000,
    visitors: 500,
    missed: 1_000,
    probing: 1_500,
    following: 1,
    short: false,
  },
  quick: {
    rounds: 2,
    roundsOfMany: 2,
    few: 1_000,
    many: 10_000,
    small: 60_000,
    large: 20_000,
    tokens: 150_000,
    lonelyTokens: 25_000,
    runTokens: 10_000,
    visitors: 500,
    missed: 200,
    probing: 1_500,
    following: 1,
    short: true,
  },
  // For the test: its figures mean nothing.
  tiny: {
    rounds: 1,
    roundsOfMany: 1,
    few: 20,
    many: 20,
    small: 200,
    large: 200,
    tokens: 100,
    lonelyTokens: 100,
    runTokens: 100,
    visitors: 10,
    missed: 20,
    probing: 50,
    following: 0.1,
    short: false,
  },
}

/** @typedef {{ name: keyof typeof sizes, size: Size, workloads: import('./workload/workload.mjs').Workload[], leftOut: string[] }} Plan */

/**
 * @param {keyof typeof sizes} name
 * @param {{ workloads?: readonly string[] | undefined, contestants?: readonly string[] | undefined }} only Words of their names.
 * @returns {Plan}
 */
export function makePlan(name, only = {}) {
  const size = sizes[name]
  const { few, many, small, large } = size
  const short = size.short && only.workloads === undefined && only.contestants === undefined
  /** @type {string[]} */
  const leftOut = []

  /** @param {readonly string[]} names */
  const chosen = (names) =>
    names.filter((one) => only.contestants?.some((word) => one.includes(word)) ?? true)
  /** @param {readonly string[]} excluded */
  const without = (...excluded) => chosen(contestants).filter((one) => !excluded.includes(one))
  // express-sse writes to all clients whenever one connects: ten thousand would take minutes. And fastify-sse-v2
  // would take a minute for the same result as with a thousand.
  const inThousands = without('express-sse', 'fastify-sse-v2')

  /** @param {readonly string[]} contestants @param {number} clients @returns {import('./workload/workload.mjs').Workload} */
  const fanOutTo = (clients, contestants) => {
    const cells = [
      { events: 1, bytes: 120, deliveries: small },
      { events: 10, bytes: 120, deliveries: small * 2 },
      { events: 1, bytes: 4096, deliveries: large },
      { events: 10, bytes: 4096, deliveries: large },
    ]
    const measured = short ? cells.slice(0, clients === few ? 2 : 1) : cells
    return fanOut({ clients, contestants, cells: measured })
  }

  /** @param {number} clients */
  const compressionTo = (clients) =>
    /** @type {const} */ (['price', 'list', 'table']).map((kind) =>
      compression({
        clients,
        kind,
        // With `own`, each client costs the same again, so a few clients are enough.
        contestants: chosen(compressing).filter((one) => clients === few || one !== 'downstream-own'),
        deliveries: kind === 'price' ? small : large,
        warmUp: 4 * small,
      }),
    )

  let workloads = [
    tokenStream({
      contestants: without('express-sse', 'nchan'),
      count: size.tokens,
      lonely: size.lonelyTokens,
    }),
    unwatchedRun({ contestants: chosen(unwatched), count: size.runTokens }),
    followedRun({ contestants: chosen(followed), followers: [1, 100], deliveries: size.runTokens / 4 }),
    relay({ contestants: chosen(relaying), count: size.tokens }),
    connect({ contestants: without(), count: size.visitors }),
    otherProcess({ contestants: sharedLogs, seconds: size.following }),
    resume({
      contestants: without('express-sse', 'fastify-sse-v2', 'res-write-express'),
      clients: few,
      events: size.missed,
    }),
    ...(few < many ? [fanOutTo(few, without())] : []),
    ...(few < many ? compressionTo(few) : []),
    idle({ clients: many, contestants: inThousands }),
    fanOutTo(many, inThousands),
    ...compressionTo(many),
    unrelatedRequest({ clients: many, contestants: inThousands, duration: size.probing }),
  ].filter((workload) => only.workloads?.some((word) => workload.name.includes(word)) ?? true)
  if (short) workloads = workloads.flatMap((workload) => withTarget(workload, size))

  const room = openFiles() - 100
  if (room < many) {
    leftOut.push(
      `${grouped(many)} clients: a process may have ${openFiles()} open files here (ulimit -n ${many + 1_000}).`,
    )
    workloads = workloads.filter(({ clients }) => clients <= room)
  }
  return { name, size, workloads, leftOut }
}

/**
 * Keeps only the contestants that a target compares.
 *
 * @param {import('./workload/workload.mjs').Workload} workload
 * @param {Size} size
 */
function withTarget(workload, size) {
  const compared = comparedIn(workload.name, size)
  const contestants = workload.contestants.filter((one) => compared.has(one))
  return contestants.length === 0 ? [] : [{ ...workload, contestants }]
}
