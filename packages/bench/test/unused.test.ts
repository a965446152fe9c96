import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

test('core is compared with a copy of it from which the calls of limits and channels are removed', () => {
  const main = join(__dirname, '../src/unused/main.mjs')
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [main, '--turns', '2', '--clients', '3', '--events', '2'],
    {
      encoding: 'utf8',
      env: {
        ...process.env,
        // The packages' sources, as in all tests: nothing has to be built.
        NODE_OPTIONS: `--conditions=@downstream/source --import=${pathToFileURL(require.resolve('tsx'))}`,
      },
    },
  )
  // A call that is not found is an error, and so is an event that a client does not receive.
  if (status !== 0) throw new Error(stderr)
  expect(stdout).toMatch(/^stream: .* of core without them .*\nevent: .* of core without them .*\n$/)
})
