import { contestant, versionOf } from '../contestants.mjs'
import { machine } from '../measure/machine.mjs'
import { median } from '../measure/statistics.mjs'
import { ratio } from './ratio.mjs'
import { targetsOf } from './targets.mjs'

/**
 * A run in results.json, from which everything that is shown is generated.
 *
 * @typedef {object} Results
 * @property {string} date
 * @property {'full' | 'quick' | 'tiny'} size
 * @property {number} rounds
 * @property {{ clients: number, rounds: number }} [fewer] With this many clients.
 * @property {import('../measure/machine.mjs').Machine} machine
 * @property {Record<string, string>} versions By title.
 * @property {string[]} leftOut
 * @property {WorkloadResult[]} workloads
 * @property {TargetResult[]} targets
 *
 * @typedef {object} WorkloadResult
 * @property {string} name
 * @property {string} does
 * @property {string} doesNot
 * @property {readonly import('../workload/workload.mjs').Column[]} columns
 * @property {CaseResult[]} cases
 *
 * @typedef {{ title: string, figures: Figure[] }} CaseResult
 *
 * @typedef {object} Figure
 * @property {string} contestant
 * @property {Record<string, number>} medians
 * @property {number} [ratio] The first column: ours on the same kind of server, divided by this one.
 * @property {Record<string, number[]>} rounds
 *
 * @typedef {{ title: string, ours: string, theirs: string, ratio: number, atMost: number, allowed: number }} TargetResult
 */

/**
 * @param {import('../plan.mjs').Plan} plan
 * @param {readonly import('../measure/run.mjs').Series[]} series
 * @returns {Results}
 */
export function resultsOf({ name, size, workloads, leftOut }, series) {
  const results = workloads.map(({ name, does, doesNot, columns, contestants }) => {
    // In the order of the plan: the contestants are measured in turns.
    const ofWorkload = series
      .filter(({ workload }) => workload === name)
      .sort((a, b) => contestants.indexOf(a.contestant) - contestants.indexOf(b.contestant))
    const cases = [...new Set(ofWorkload.map((one) => one.case))].map((title) => ({
      title,
      figures: figuresOf(
        ofWorkload.filter((one) => one.case === title),
        columns[0]?.key ?? '',
      ),
    }))
    return { name, does, doesNot, columns, cases }
  })
  const names = [...new Set(series.map((one) => one.contestant))]
  return {
    date: new Date().toISOString().slice(0, 10),
    size: name,
    rounds: size.rounds,
    ...(size.roundsOfMany < size.rounds && { fewer: { clients: size.many, rounds: size.roundsOfMany } }),
    machine: machine(),
    versions: Object.fromEntries(names.map((one) => [contestant(one).title, versionOf(one)])),
    leftOut,
    workloads: results,
    targets: targetsOf(results, size),
  }
}

/** @param {readonly import('../measure/run.mjs').Series[]} series @param {string} key @returns {Figure[]} */
function figuresOf(series, key) {
  const all = series.map(({ contestant, values }) => ({
    contestant,
    medians: Object.fromEntries(Object.entries(values).map(([name, rounds]) => [name, median(rounds)])),
    rounds: values,
  }))
  return all.map((figure) => {
    const { ours } = contestant(figure.contestant)
    const value = ratio(all, ours, figure.contestant, key)
    return value === undefined ? figure : { ...figure, ratio: value }
  })
}
