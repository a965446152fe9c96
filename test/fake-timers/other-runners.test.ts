import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { root } from '../snippet-project.ts'
import { onSources } from '../sources/on-sources.ts'

test.each([
  ['mock.timers of node:test', [...onSources, '--test', 'test/fake-timers/node-runner.ts']],
  [
    'the fake timers of Vitest',
    [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--root',
      'test/fake-timers',
      '--config',
      'vitest.config.mjs',
    ],
  ],
])('a hub delivers under %s', (_what, args) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  expect(`${stdout}${stderr}`).toMatch(/pass 1\b|1 passed/)
  expect(status).toBe(0)
})
