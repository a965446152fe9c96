// `npm run bench`: see README.md beside this folder.
import { mkdirSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { withoutNchan, withoutRedis } from './contestants.mjs'
import { run } from './measure/run.mjs'
import { cores, pinSelf } from './measure/start-process.mjs'
import { makePlan } from './plan.mjs'
import { resultsOf } from './report/results.mjs'
import { terminalReport } from './report/terminal.mjs'
import { writeResults } from './report/write.mjs'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    tiny: { type: 'boolean' },
    only: { type: 'string' },
    contestants: { type: 'string' },
    profile: { type: 'string' },
    json: { type: 'string' },
    write: { type: 'boolean' },
  },
})

const started = performance.now()
const log = (/** @type {string} */ line) =>
  console.error(`${Math.round((performance.now() - started) / 1000)} s`.padStart(6), line)

// Without these handlers there would be no 'exit' event, and the started processes would remain.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))
pinSelf()
if (values.profile !== undefined) mkdirSync(values.profile, { recursive: true })
if (cores === undefined)
  log('Processes cannot be pinned to cores here: the server and its clients may share one.')
const plan = makePlan(values.tiny ? 'tiny' : values.quick ? 'quick' : 'full', {
  workloads: values.only?.split(','),
  contestants: values.contestants?.split(','),
})
if (withoutNchan) plan.leftOut.push(`nginx + nchan: ${withoutNchan}.`)
if (withoutRedis) plan.leftOut.push(`The log on Redis: ${withoutRedis}.`)
for (const what of plan.leftOut) log(`Left out: ${what}`)

const series = await run(plan, { log, profiles: values.profile && resolve(values.profile) })
const results = resultsOf(plan, series)
console.log(`\n${terminalReport(results)}`)
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(results, undefined, 2))
if (values.write) writeResults(results)
