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
  const pnpm = ['--yes', '--prefer-offline', readManifest(root).packageManager.split('+')[0]]
  mkdirSync(destination, { recursive: true })
  for (const directory of publishedPackages()) {
    const { status, stderr } = spawnSync('npx', [...pnpm, 'pack', '--pack-destination', destination], {
      cwd: directory,
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`${directory} cannot be packed: ${stderr}`)
  }
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
