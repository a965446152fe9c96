import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * Packs what would be published. The packages must be built.
 * @param {string} destination - a directory
 * @returns {Map<string, string>} the tarballs' paths, by package name
 */
export function packPackages(destination) {
  const pnpm = ['--yes', '--prefer-offline', readManifest(root).packageManager.split('+')[0], '--recursive']
  const filters = publishedPackages().map((directory) => `--filter=${readManifest(directory).name}`)
  mkdirSync(destination, { recursive: true })
  // All of them by one pnpm, which takes a second of CPU to start.
  const { status, stdout, stderr } = spawnSync(
    'npx',
    [...pnpm, ...filters, 'pack', '--pack-destination', destination],
    { cwd: root, encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(`The packages cannot be packed: ${stdout}${stderr}`)
  return tarballsIn(destination)
}

/**
 * @param {string} folder - where packPackages() has packed them
 * @returns {Map<string, string>} the tarballs' paths, by package name
 */
export function tarballsIn(folder) {
  return new Map(
    publishedPackages().map((directory) => {
      const { name, version } = readManifest(directory)
      return [name, join(folder, `${name.slice(1).replace('/', '-')}-${version}.tgz`)]
    }),
  )
}

function publishedPackages() {
  return readdirSync(join(root, 'packages'))
    .map((name) => join(root, 'packages', name))
    .filter((directory) => !readManifest(directory).private)
}

/**
 * @param {string} directory
 * @returns {any} its package.json
 */
export function readManifest(directory) {
  return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
}
