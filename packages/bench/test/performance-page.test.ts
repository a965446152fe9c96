import { readFileSync } from 'node:fs'
import { chart } from '../src/report/chart.mjs'
import { markdownReport } from '../src/report/markdown.mjs'
import { chartFile, pageFile, resultsFile, withReport } from '../src/report/write.mjs'

// Fails if a figure is changed in only one of them, or if a report is not generated again.
test('docs/performance.md and the chart show what results.json holds', () => {
  const results = JSON.parse(readFileSync(resultsFile, 'utf8'))
  const page = readFileSync(pageFile, 'utf8')
  expect(withReport(page, markdownReport(results))).toBe(page)
  expect(chart(results)).toBe(readFileSync(chartFile, 'utf8'))
})
