import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../examples', import.meta.url))

/** The names of the examples: every folder with an app. */
export const examples = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)

/**
 * Copies an example without its tests, and with the files that all examples share.
 * @param {string} example - its name
 * @param {string} destination - a directory
 */
export function copyExample(example, destination) {
  cpSync(join(folder, example), destination, {
    recursive: true,
    // public/base.css and public/show-state.js are links to those in examples/.
    dereference: true,
    filter: (path) => !['node_modules', 'test'].includes(basename(path)),
  })
}

/**
 * Makes a copied app install our packages from tarballs in `packages/` instead of the registry.
 * @param {string} app - the directory of the copy
 * @param {ReadonlyMap<string, string>} tarballs - of all packages, by name
 */
export function bringPackages(app, tarballs) {
  const file = join(app, 'package.json')
  const manifest = JSON.parse(readFileSync(file, 'utf8'))
  mkdirSync(join(app, 'packages'), { recursive: true })
  // The adapters depend on core, which would come from the registry too.
  manifest.dependencies['@downstream/core'] = ''
  for (const dependencies of [manifest.dependencies, manifest.devDependencies ?? {}]) {
    for (const name of Object.keys(dependencies)) {
      const tarball = tarballs.get(name)
      if (tarball === undefined) continue
      cpSync(tarball, join(app, 'packages', basename(tarball)))
      dependencies[name] = `file:packages/${basename(tarball)}`
    }
  }
  writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`)
}
