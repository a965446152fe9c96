import { fileURLToPath } from 'node:url'
import { grouped } from '../workload/workload.mjs'
import { Session } from './session.mjs'
import { startProcess } from './start-process.mjs'

/**
 * The measurements of one contestant for one case of a workload.
 *
 * @typedef {object} Series
 * @property {string} workload
 * @property {string} case
 * @property {string} contestant
 * @property {Record<string, number[]>} values One for each round.
 */

/**
 * Measures round after round, and in each of them one contestant after another, so that other activity of the machine
 * affects all of them.
 *
 * @param {import('../plan.mjs').Plan} plan
 * @param {{ log: (line: string) => void, profiles?: string | undefined }} options
 * @returns {Promise<Series[]>}
 */
export async function run({ size, workloads }, { log, profiles }) {
  const clients = { load: startClient('load'), prober: startClient('prober') }
  /** @type {Map<string, Series>} */
  const all = new Map()
  /** @param {string} contestant @param {number} count */
  const measure = async (contestant, count) => {
    const session = new Session(contestant, clients, profiles)
    try {
      await session.start(count)
      for (const workload of workloads) {
        if (workload.clients !== count || !workload.contestants.includes(contestant)) continue
        for (const result of await workload.measure(session)) {
          const key = `${workload.name}, ${result.case}, ${contestant}`
          const series = all.get(key) ?? {
            workload: workload.name,
            case: result.case,
            contestant,
            values: {},
          }
          all.set(key, series)
          for (const [name, value] of Object.entries(result.values)) {
            series.values[name] = [...(series.values[name] ?? []), value]
          }
        }
      }
    } catch (cause) {
      throw new Error(
        `${contestant} with ${count} clients: ${cause instanceof Error ? cause.message : cause}`,
        { cause },
      )
    } finally {
      await session.stop()
    }
  }

  try {
    for (let round = 0; round < size.rounds; round++) {
      for (const count of new Set(workloads.map((workload) => workload.clients))) {
        if (count === size.many && round >= size.roundsOfMany) continue
        const group = workloads.filter((workload) => workload.clients === count)
        for (const contestant of inTurn(new Set(group.flatMap((workload) => workload.contestants)), round)) {
          log(`round ${round + 1} of ${size.rounds}: ${grouped(count)} clients, ${contestant}`)
          await measure(contestant, count)
        }
      }
    }
  } finally {
    for (const child of Object.values(clients)) child.disconnect()
  }
  return [...all.values()]
}

/**
 * The names in their order, but each round starts with another one. @param {Iterable<string>} names @param {number}
 * round
 */
function inTurn(names, round) {
  const list = [...names]
  return list.map((_, at) => /** @type {string} */ (list[(at + round) % list.length]))
}

/** @param {string} name */
function startClient(name) {
  return startProcess(fileURLToPath(new URL(`../client/${name}.mjs`, import.meta.url)), { core: 'clients' })
}
