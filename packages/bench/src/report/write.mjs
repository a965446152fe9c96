import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chart } from './chart.mjs'
import { markdownReport } from './markdown.mjs'

const file = (/** @type {string} */ path) => fileURLToPath(new URL(`../../../../${path}`, import.meta.url))

export const resultsFile = file('packages/bench/results.json')
export const chartFile = file('docs/images/performance.svg')
export const pageFile = file('docs/performance.md')

const START = '<!-- made by npm run bench -- --write -->'
const END = '<!-- end -->'

/** Writes a run into results.json, the chart and docs/performance.md. @param {import('./results.mjs').Results} results */
export function writeResults(results) {
  writeFileSync(resultsFile, `${JSON.stringify(results, undefined, 2)}\n`)
  mkdirSync(file('docs/images'), { recursive: true })
  writeFileSync(chartFile, chart(results))
  writeFileSync(pageFile, withReport(readFileSync(pageFile, 'utf8'), markdownReport(results)))
}

/** @param {string} page @param {string} report */
export function withReport(page, report) {
  const [before, rest] = page.split(START)
  const after = rest?.split(END)[1]
  if (after === undefined) throw new Error(`The page has no '${START}' followed by '${END}'.`)
  return `${before}${START}\n\n${report}\n\n${END}${after}`
}
