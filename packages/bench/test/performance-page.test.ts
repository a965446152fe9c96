import { readFileSync } from 'node:fs'
import { chart } from '../src/report/chart.mjs'
import { markdownReport } from '../src/report/markdown.mjs'
import { chartFile, pageFile, resultsFile, withReport } from '../src/report/write.mjs'

// A figure that is changed in one of them, or a report that is changed and not made anew.
test('docs/performance.md and the chart show what results.json holds', () => {
  const results = JSON.parse(readFileSync(resultsFile, 'utf8'))
  const page = readFileSync(pageFile, 'utf8')
  expect(withReport(page, markdownReport(results))).toBe(page)
  expect(chart(results)).toBe(readFileSync(chartFile, 'utf8'))
})
