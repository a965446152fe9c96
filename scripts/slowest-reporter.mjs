// A reporter of Jest: prints at the end which test files and which single tests took longest.
import { relative } from 'node:path'

const LONGEST = 10

/**
 * @typedef {{ seconds: number, name: string }} Timed
 *
 * What it needs of Jest's results.
 * @typedef {object} FileResult
 * @property {string} testFilePath
 * @property {{ start: number, end: number }} perfStats
 * @property {{ duration?: number | null, fullName: string }[]} testResults
 */

export default class SlowestReporter {
  /**
   * @param {unknown} _contexts
   * @param {{ testResults: FileResult[] }} results
   */
  onRunComplete(_contexts, { testResults }) {
    if (testResults.length < 2) return
    const fileOf = (/** @type {string} */ path) => relative(process.cwd(), path)
    const files = testResults.map(({ testFilePath, perfStats }) => ({
      seconds: (perfStats.end - perfStats.start) / 1_000,
      name: fileOf(testFilePath),
    }))
    const tests = testResults.flatMap(({ testFilePath, testResults }) =>
      testResults.map(({ duration, fullName }) => ({
        seconds: (duration ?? 0) / 1_000,
        name: `${fullName} (${fileOf(testFilePath)})`,
      })),
    )
    print('files', files)
    print('tests', tests)
  }
}

/**
 * @param {string} what
 * @param {Timed[]} all
 */
function print(what, all) {
  const longest = all.sort((a, b) => b.seconds - a.seconds).slice(0, LONGEST)
  const lines = longest.map(({ seconds, name }) => `${seconds.toFixed(1).padStart(7)} s  ${name}`)
  console.log(`\nThe ${what} that took longest:\n${lines.join('\n')}`)
}
