// Loaded into the server before its own code: the job takes each step when the test has allowed it, in the file STEPS,
// instead of after a while. A job that ran by the clock was finished before a busy machine had looked at it.
import { readFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers/promises'

const { setTimeout: sleep } = timers
let steps = 0

timers.setTimeout = async (_ms, value, options) => {
  const step = ++steps
  while (Number(readFileSync(String(process.env.STEPS), 'utf8')) < step) await sleep(20, undefined, options)
  return sleep(0, value, options)
}
syncBuiltinESMExports()
