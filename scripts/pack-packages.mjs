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
  for (const directory of readdirSync(join(root, 'packages'))) {
    const packed = join(destination, directory)
    const source = join(root, 'packages', directory)
    const manifest = readManifest(source)
    if (manifest.private) continue
    mkdirSync(packed, { recursive: true })
    const { status, stderr } = spawnSync('npx', [...pnpm, 'pack', '--pack-destination', packed], {
      cwd: source,
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`${manifest.name} cannot be packed: ${stderr}`)
    tarballs.set(manifest.name, join(packed, String(readdirSync(packed)[0])))
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
