import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { root } from './snippet-project.ts'
import { onSources } from './sources/on-sources.ts'

/** Runs a file of the soak on the sources. Rejects, with what it has printed, when it fails. */
async function run(file: string, ...args: string[]): Promise<string> {
  const node = [...onSources, `packages/bench/src/soak/${file}`]
  const { stdout } = await promisify(execFile)(process.execPath, [...node, ...args], { cwd: root })
  return stdout
}

test('a thousand clients that leave at every moment leave exact counters', async () => {
  expect(await run('churn.ts', '--churns', '1000')).toMatch(/^Express: .*: exact\nFastify: .*: exact\n$/)
})

test('many open streams end within the drain and a second, and each client is told when to come back', async () => {
  const output = await run('shutdown.ts', '--streams', '200', '--drain', '500')
  expect(output.match(/200 were told when to come back/g)).toHaveLength(2)
})
