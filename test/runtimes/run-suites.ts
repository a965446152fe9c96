// Runs conformance suites on a runtime that Jest does not support: `bun run-suites.ts` and `deno run -A run-suites.ts`,
// with the names of the suites, or none for all. It provides the globals of Jest that the test files need, runs the
// cases one after another, and exits with 1 if one of them has failed.
import timers from 'node:timers'
import { setPatience } from '../../packages/testing/src/eventually.ts'

type Run = () => unknown
interface Suite {
  name: string
  before: Run[]
  after: Run[]
  tests: { name: string; run: Run }[]
}

const files = [
  '../../packages/core/test/conformance/node.test.ts',
  '../../packages/express/test/conformance.test.ts',
  '../../packages/fastify/test/conformance.test.ts',
  '../../packages/redis/test/event-log-suite.test.ts',
  '../../packages/client/test/conformance.test.ts',
]
/** Names of describe blocks: the arguments. The others are about HTTP/2, older majors and Node's own. */
const streams = ['node:http', 'Express 5', 'Fastify 5', 'The client']
const asked = process.argv.slice(2)
const wanted = new Set(
  asked.length > 0 ? asked : [...streams, 'RedisLog on ioredis 6', 'RedisLog on node-redis 6'],
)

/** A case that takes this many ms hangs. */
const TIMEOUT = 120_000

const suites: Suite[] = []
let file: Suite
let current: Suite

// Deno uses Node's timers in packages in node_modules, and its own in sources outside it.
const { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate } = timers
Object.assign(globalThis, {
  setTimeout,
  setInterval,
  setImmediate,
  clearTimeout,
  clearInterval,
  clearImmediate,
})

Object.assign(globalThis, {
  describe: Object.assign(describe, {
    each: (rows: readonly unknown[]) => (title: string, body: (...row: never[]) => void) => {
      for (const row of rows) {
        const values = Array.isArray(row) ? row : [row]
        describe(title.replace('%s', String(values[0])), () => body(...(values as never[])))
      }
    },
  }),
  test: (name: string, run: Run) => current.tests.push({ name, run }),
  beforeAll: (run: Run) => current.before.push(run),
  afterAll: (run: Run) => current.after.push(run),
})

setPatience(60_000)
let [passed, failed] = [0, 0]
for (const path of files) {
  file = current = begin(path)
  const from = suites.length
  await import(path)
  for (const run of file.before) await run()
  for (const suite of suites.slice(from)) if (wanted.has(suite.name)) await play(suite)
  for (const run of file.after) await run()
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed > 0 || passed === 0 ? 1 : 0)

function begin(name: string): Suite {
  return { name, before: [], after: [], tests: [] }
}

function describe(name: string, body: () => void): void {
  current = begin(name)
  suites.push(current)
  body()
  current = file
}

async function play({ name, before, after, tests }: Suite): Promise<void> {
  for (const run of before) await run()
  for (const test of tests) {
    try {
      await inTime(test.run())
      passed++
    } catch (error) {
      failed++
      console.log(`FAILED ${name}: ${test.name}\n`, error)
    }
  }
  for (const run of after) await run()
  console.log(`${name}: ${tests.length} cases`)
}

async function inTime(running: unknown): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not over after ${TIMEOUT} ms`)), TIMEOUT)
  })
  try {
    await Promise.race([running, late])
  } finally {
    clearTimeout(timer)
  }
}
