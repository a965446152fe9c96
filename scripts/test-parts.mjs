// Programs that some tests need and npm does not bring. A suite asks for its own with partPath()
// and fails when there is none; `npm test` installs what is missing where it may: see install-test-parts.mjs.
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'

/**
 * @typedef {object} TestPart
 * @property {string} name
 * @property {string[]} find Commands to look for on the PATH, or absolute paths; the first that exists is taken.
 * @property {string} apt The Debian package that holds it.
 */

const chromium = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** @type {TestPart[]} */
export const testParts = [
  { name: 'chromium', find: chromium, apt: 'chromium' },
  // For most pages: Chromium itself starts a second renderer with each page, for a window that nobody sees, and takes four
  // times as much CPU.
  {
    name: 'headless-shell',
    find: ['chromium-headless-shell', ...chromium],
    apt: 'chromium-headless-shell',
  },
  { name: 'curl', find: ['curl'], apt: 'curl' },
  { name: 'redis-server', find: ['redis-server', 'valkey-server'], apt: 'redis-server' },
  { name: 'nginx', find: ['nginx'], apt: 'nginx-light' },
  { name: 'haproxy', find: ['haproxy'], apt: 'haproxy' },
  { name: 'apache2', find: ['apache2', 'httpd'], apt: 'apache2-bin' },
  { name: 'varnishd', find: ['varnishd'], apt: 'varnish' },
]

/**
 * Where the program is, or undefined. CHROMIUM_PATH (for "redis-server": REDIS_SERVER_PATH) goes before the search.
 * @param {string} name
 * @returns {string | undefined}
 */
export function partPath(name) {
  const part = findPart(name)
  const variable = pathVariable(name)
  const given = process.env[variable]
  if (given) {
    if (isExecutable(given)) return given
    throw new Error(`${variable} names ${given}, which is not an executable file`)
  }
  // Debian keeps servers in /usr/sbin, which is not on everybody's PATH.
  const directories = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'].filter(Boolean)
  return part.find
    .flatMap((command) =>
      isAbsolute(command) ? command : directories.map((directory) => join(directory, command)),
    )
    .find(isExecutable)
}

/**
 * What to tell somebody who lacks the program.
 * @param {string} name
 * @returns {string}
 */
export function howToInstall(name) {
  return `sudo apt-get install --no-install-recommends ${findPart(name).apt} (or set ${pathVariable(name)})`
}

/** @param {string} name */
function findPart(name) {
  const part = testParts.find((candidate) => candidate.name === name)
  if (!part) throw new Error(`${name} is not in testParts`)
  return part
}

/** @param {string} name */
function pathVariable(name) {
  return `${name.toUpperCase().replaceAll('-', '_')}_PATH`
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
