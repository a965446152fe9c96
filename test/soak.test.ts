import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { root } from './snippet-project.ts'

// The soak of docs/soak.md for one minute. It mostly waits, so it runs beside the other files.
test('one minute of clients that come and go, and of a Redis that fails: nothing is lost, twice or silent', async () => {
  const args = ['--import', 'tsx', '--conditions=@downstream/source', 'packages/bench/src/soak/main.ts']
  args.push('--minutes', '1', '--clients', '60', '--pace', '500')
  const soak = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  const exit = new Promise((resolve) => soak.once('exit', resolve))
  const [page, progress] = await Promise.all([text(soak.stdout), text(soak.stderr)])
  // The page says what was wrong.
  expect([page, progress, await exit]).toEqual([
    expect.stringContaining('| **0** | **0** | **0** |'),
    expect.any(String),
    0,
  ])
}, 400_000)
