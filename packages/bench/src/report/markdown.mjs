import { contestant } from '../contestants.mjs'
import { grouped } from '../workload/workload.mjs'
import { shown, shownTarget } from './shown.mjs'
import { markdownTable } from './text-table.mjs'

/** The part of docs/performance.md that is generated from a run. @param {import('./results.mjs').Results} results */
export function markdownReport({ date, rounds, fewer, machine, versions, workloads, targets, leftOut }) {
  const servers = Object.entries(versions).map(([title, version]) => `${title} (${version})`)
  return [
    `Measured on ${date}: ${machine}. Medians of ${rounds} rounds${fewer ? `, with ${grouped(fewer.clients)} clients of ${fewer.rounds}` : ''}.`,
    `${servers.join(' · ')}.`,
    ...workloads.flatMap(({ name, does, doesNot, columns, cases }) => [
      `### ${name.charAt(0).toUpperCase()}${name.slice(1)}`,
      `${does} ${doesNot}`,
      markdownTable(cases.length > 1 ? byCase(cases, columns) : byColumn(cases, columns)),
    ]),
    '### Targets',
    markdownTable([
      ['', 'ratio', 'at most', ''],
      ...targets.map((target) => [
        shownTarget(target),
        target.ratio.toFixed(2),
        target.atMost.toFixed(2),
        target.ratio > target.atMost ? 'missed' : '',
      ]),
    ]),
    ...leftOut.map((what) => `Left out: ${what}`),
  ].join('\n\n')
}

/**
 * A column for each case, with the compared value.
 *
 * @param {readonly import('./results.mjs').CaseResult[]} cases
 * @param {readonly import('../workload/workload.mjs').Column[]} columns
 */
function byCase(cases, [column]) {
  const { key, title, unit } = column ?? { key: '', title: '', unit: '' }
  const names = [...new Set(cases.flatMap(({ figures }) => figures.map((figure) => figure.contestant)))]
  return [
    [`${title}, ${unit}`, ...cases.map((one) => one.title)],
    ...names.map((name) => [
      contestant(name).title,
      ...cases.map(({ figures }) => {
        const figure = figures.find((one) => one.contestant === name)
        return cell(figure?.medians[key], figure?.ratio)
      }),
    ]),
  ]
}

/**
 * One case, with all its columns.
 *
 * @param {readonly import('./results.mjs').CaseResult[]} cases
 * @param {readonly import('../workload/workload.mjs').Column[]} columns
 */
function byColumn([only], columns) {
  return [
    [only?.title ?? '', ...columns.map(({ title, unit }) => `${title}, ${unit}`)],
    ...(only?.figures ?? []).map(({ contestant: name, medians, ratio }) => [
      contestant(name).title,
      ...columns.map(({ key }, at) => cell(medians[key], at === 0 ? ratio : undefined)),
    ]),
  ]
}

/** @param {number | undefined} value @param {number | undefined} ratio */
function cell(value, ratio) {
  return `${shown(value)}${ratio === undefined ? '' : ` (${ratio.toFixed(2)})`}`
}
