import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { root } from './snippet-project.ts'
import { onSources } from './sources/on-sources.ts'

/** Runs a file of the soak on the sources. If it fails, rejects with its output. */
async function run(file: string, ...args: string[]): Promise<string> {
  const node = [...onSources, `packages/bench/src/soak/${file}`]
  const { stdout } = await promisify(execFile)(process.execPath, [...node, ...args], { cwd: root })
  return stdout
}

test('after a thousand clients that disconnect at any moment the counters are exact', async () => {
  expect(await run('churn.ts', '--churns', '1000')).toMatch(/^Express: .*: exact\nFastify: .*: exact\n$/)
})

test('many open streams end within the drain and a second, and each client receives a retry', async () => {
  const output = await run('shutdown.ts', '--streams', '200', '--drain', '500')
  expect(output.match(/200 received a retry/g)).toHaveLength(2)
})
