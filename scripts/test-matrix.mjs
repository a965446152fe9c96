// `npm run test:matrix [-- jest arguments]`: the tests on the other Node versions that we support, one after the other.
import { spawnSync } from 'node:child_process'

const versions = [22, 24, 26]
const args = process.argv.slice(2).map((argument) => `'${argument.replaceAll("'", "'\\''")}'`)
const command = ['node node_modules/jest/bin/jest.js', ...args].join(' ')
const passed = []

for (const version of versions) {
  console.log(`\nNode ${version}`)
  const npx = ['--yes', '--prefer-offline', '-p', `node@${version}`, '-c', `node --version && ${command}`]
  const { status } = spawnSync('npx', npx, { stdio: 'inherit', shell: false })
  if (status !== 0) {
    console.log(`\nPassed on Node ${passed.join(', ') || '-'}; failed on Node ${version}.`)
    process.exit(1)
  }
  passed.push(version)
}
console.log(`\nPassed on Node ${passed.join(', ')}.`)
