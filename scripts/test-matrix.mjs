// `npm run test:matrix [-- jest arguments]`: the tests on the other Node versions that we support, one after another,
// then the conformance suites on the first versions of Bun and Deno that we support, and the recipe of Next.js.
import { spawnSync } from 'node:child_process'

const args = process.argv.slice(2).map((argument) => `'${argument.replaceAll("'", "'\\''")}'`)
const jest = ['node node_modules/jest/bin/jest.js', ...args].join(' ')
const suites = '--conditions=@downstream/source test/runtimes/run-suites.ts'

/** The floors are those of packages/core/src/process/runtime-floor.ts and docs/runtimes.md. */
const runtimes = [
  ...[22, 24, 26].map((version) => ({ npm: `node@${version}`, command: `node --version && ${jest}` })),
  { npm: 'bun@1.4.1', command: `bun --version && bun ${suites}` },
  {
    npm: 'deno@2.7.14',
    command: `deno --version && deno run -A ${suites} node:http 'Express 5' 'Fastify 5' 'The client'`,
  },
  // The connections of ioredis do not work with older versions.
  { npm: 'deno@2.8.0', command: `deno --version && deno run -A ${suites}` },
  { npm: 'node@24', command: 'node test/runtimes/run-next.mjs' },
]
const passed = []

for (const { npm, command } of runtimes) {
  console.log(`\n${npm}`)
  const npx = ['--yes', '--prefer-offline', '-p', npm, '-c', command]
  const { status } = spawnSync('npx', npx, { stdio: 'inherit', shell: false })
  if (status !== 0) {
    console.log(`\nPassed on ${passed.join(', ') || '-'}; failed on ${npm}.`)
    process.exit(1)
  }
  passed.push(npm)
}
console.log(`\nPassed on ${passed.join(', ')}.`)
