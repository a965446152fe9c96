// Programs that some tests need and npm does not install. A suite finds its program with partPath()
// and fails without it; `npm test` installs missing ones where it may: see install-test-parts.mjs.
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'

/**
 * @typedef {object} TestPart
 * @property {string} name
 * @property {string[]} find Commands to look for in the PATH, or absolute paths; the first that exists is used.
 * @property {string} apt The Debian package that contains it.
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
  // For most pages: the full Chromium starts a second renderer with each page, for an invisible window, and takes four
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
 * The path of the program, or undefined. CHROMIUM_PATH (for "redis-server": REDIS_SERVER_PATH) replaces the search.
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
  // Debian installs servers in /usr/sbin, which is not in the PATH of every user.
  const directories = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'].filter(Boolean)
  return part.find
    .flatMap((command) =>
      isAbsolute(command) ? command : directories.map((directory) => join(directory, command)),
    )
    .find(isExecutable)
}

/**
 * The message if the program is missing.
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
