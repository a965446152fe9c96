// The order of the test files. Jest starts with those that took longest the last time, but in a new clone it only knows
// their sizes: a file that takes a minute would run last and alone.
import { createRequire } from 'node:module'

const { default: Sequencer } = createRequire(import.meta.url)('@jest/test-sequencer')

/** The files that start browsers, servers or npm, the slowest first. */
const LONG = [
  'test/copies/',
  'test/soak',
  'test/site',
  'packages/bench/',
  'examples/',
  'packages/redis/test/failures/',
  'test/pack',
  'test/clients/',
  'packages/redis/',
  'test/process-managers/',
  'test/proxies/',
  'test/interop/',
  'hub/model',
  'conformance',
]

/** @typedef {{ path: string, duration?: number }} TestFile */

export default class LongestFirstSequencer extends Sequencer {
  /**
   * @param {TestFile[]} tests
   * @returns {TestFile[]}
   */
  sort(tests) {
    const sorted = /** @type {TestFile[]} */ (super.sort(tests))
    if (sorted.some(({ duration }) => duration !== undefined)) return sorted
    return sorted.sort((a, b) => rank(a.path) - rank(b.path))
  }
}

/** @param {string} path */
function rank(path) {
  const index = LONG.findIndex((folder) => path.includes(`/${folder}`))
  return index === -1 ? LONG.length : index
}
