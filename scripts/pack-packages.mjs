import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * Packs what would be published. The packages have to be built.
 * @param {string} destination - a directory
 * @returns {Map<string, string>} the tarballs' paths, by package name
 */
export function packPackages(destination) {
  const pnpm = ['--yes', '--prefer-offline', readManifest(root).packageManager.split('+')[0]]
  const tarballs = new Map()
  mkdirSync(destination, { recursive: true })
  for (const directory of readdirSync(join(root, 'packages'))) {
    const source = join(root, 'packages', directory)
    const manifest = readManifest(source)
    if (manifest.private) continue
    const { status, stderr } = spawnSync('npx', [...pnpm, 'pack', '--pack-destination', destination], {
      cwd: source,
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`${manifest.name} cannot be packed: ${stderr}`)
    const { name, version } = manifest
    tarballs.set(name, join(destination, `${name.slice(1).replace('/', '-')}-${version}.tgz`))
  }
  return tarballs
}

/**
 * @param {string} directory
 * @returns {any} its package.json
 */
export function readManifest(directory) {
  return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
}
