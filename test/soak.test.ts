import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { root } from './snippet-project.ts'
import { onSources } from './sources/on-sources.ts'

/** Resolves with the output, the error output and the exit code. */
async function runSoak(
  args: string[],
  env: NodeJS.ProcessEnv = {},
): Promise<[string, string, number | null]> {
  const main = [...onSources, 'packages/bench/src/soak/main.ts']
  const soak = spawn(process.execPath, [...main, ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exit = new Promise<number | null>((resolve) => soak.once('exit', resolve))
  return Promise.all([text(soak.stdout), text(soak.stderr), exit])
}

test('a soak without a Redis says what is missing', async () => {
  expect(await runSoak([], { REDIS_SERVER_PATH: '/nowhere' })).toEqual([
    '',
    'REDIS_SERVER_PATH names /nowhere, which is not an executable file\n',
    1,
  ])
})

// The soak of docs/soak.md for one minute. It mostly waits, so it runs beside the other files.
test('in a minute of clients that connect and disconnect, and of a Redis that fails, no event is lost or repeated, and every gap is reported', async () => {
  // The page says what was wrong.
  expect(await runSoak(['--minutes', '1', '--clients', '60', '--pace', '500'])).toEqual([
    expect.stringContaining('| **0** | **0** | **0** |'),
    expect.any(String),
    0,
  ])
})
