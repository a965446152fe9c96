/**
 * A measurement for each of its contestants. Workloads with the same number of clients share a session, in the
 * order of the plan.
 *
 * @typedef {object} Workload
 * @property {string} name
 * @property {string} does One sentence.
 * @property {string} doesNot One sentence: what it does not measure.
 * @property {number} clients How many clients follow the events when it starts. 0: it opens its own.
 * @property {readonly string[]} contestants
 * @property {readonly Column[]} columns The first one is compared.
 * @property {(session: import('../measure/session.mjs').Session) => Promise<Result[]>} measure
 *
 * @typedef {{ key: string, title: string, unit: 'µs' | 'ms' | 'KB' | 'B' }} Column
 *
 * @typedef {{ case: string, values: Record<string, number> }} Result
 */

/** @type {readonly Column[]} */
export const cpuColumns = [
  { key: 'cpu', title: 'CPU', unit: 'µs' },
  { key: 'user', title: 'user', unit: 'µs' },
  { key: 'system', title: 'system', unit: 'µs' },
]

/** @param {import('../measure/node-server.mjs').Usage} usage @param {number} count @returns {Record<string, number>} */
export function cpuFor({ user, system }, count) {
  return { cpu: (user + system) / count, user: user / count, system: system / count }
}

/** 10000 -> '10 000'. @param {number} n */
export function grouped(n) {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ' ')
}
