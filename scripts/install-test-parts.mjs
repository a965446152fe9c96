// Runs before `npm test`: installs the programs of test-parts.mjs that are missing, where that is possible without
// asking (Debian or Ubuntu, as root or with passwordless sudo). Elsewhere it prints how. With CI=true a missing one fails.
import { spawnSync } from 'node:child_process'
import { howToInstall, partPath, testParts } from './test-parts.mjs'

const missing = testParts.filter((part) => !partPath(part.name))
const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n']

if (missing.length > 0 && canInstall()) {
  const packages = missing.map((part) => part.apt)
  console.log(`Installing for the tests: ${packages.join(', ')}`)
  aptGet('update') && aptGet('install', '--yes', '--no-install-recommends', ...packages)
}

for (const { name } of missing) {
  if (partPath(name)) continue
  console.log(`${name} is missing; the tests that need it will fail. To install it: ${howToInstall(name)}`)
  if (process.env.CI === 'true') process.exitCode = 1
}

function canInstall() {
  return succeeds('apt-get', '--version') && (sudo.length === 0 || succeeds('sudo', '-n', 'true'))
}

/** @param {[string, ...string[]]} command */
function succeeds(...[program, ...args]) {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0
}

/** @param {string[]} args */
function aptGet(...args) {
  const [program, ...rest] = [
    ...sudo,
    'env',
    'DEBIAN_FRONTEND=noninteractive',
    'apt-get',
    '-o',
    'DPkg::Lock::Timeout=120',
  ]
  const { status, stdout, stderr } = spawnSync(
    /** @type {string} */ (program),
    [...rest, '--quiet', ...args],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: Number.POSITIVE_INFINITY,
    },
  )
  if (status === 0) return true
  console.log(`apt-get ${args[0]} failed:`)
  console.log(`${stdout}${stderr}`.trimEnd().split('\n').slice(-10).join('\n'))
  return false
}
