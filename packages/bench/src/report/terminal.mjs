import { contestant } from '../contestants.mjs'
import { shown, shownTarget } from './shown.mjs'
import { plainTable } from './text-table.mjs'

/** @param {import('./results.mjs').Results} results */
export function terminalReport({ workloads, targets, leftOut }) {
  const parts = workloads.flatMap(({ name, does, doesNot, columns, cases }) => [
    `${name.toUpperCase()}\n${does}\n${doesNot}`,
    ...cases.map(({ title, figures }) => `${title}\n${plainTable(rowsOf(figures, columns))}`),
  ])
  if (targets.length > 0) parts.push(`TARGETS\n${plainTable(targetRows(targets))}`)
  return [...parts, ...leftOut.map((what) => `Left out: ${what}`)].join('\n\n')
}

/**
 * @param {readonly import('./results.mjs').Figure[]} figures
 * @param {readonly import('../workload/workload.mjs').Column[]} columns
 */
function rowsOf(figures, columns) {
  const head = ['', ...columns.map(({ title, unit }) => `${title}, ${unit}`), 'ours / it']
  const body = figures.map(({ contestant: name, medians, ratio }) => [
    contestant(name).title,
    ...columns.map(({ key }) => shown(medians[key])),
    ratio?.toFixed(2) ?? '',
  ])
  return [head, ...body]
}

/** @param {readonly import('./results.mjs').TargetResult[]} targets */
function targetRows(targets) {
  const head = ['', 'ratio', 'at most', '']
  const body = targets.map((target) => {
    const { ratio, atMost } = target
    return [shownTarget(target), ratio.toFixed(2), atMost.toFixed(2), ratio > atMost ? 'missed' : '']
  })
  return [head, ...body]
}
