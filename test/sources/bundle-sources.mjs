import { readdirSync, readFileSync, renameSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { bundleOf } from './hooks.mjs'

const packages = fileURLToPath(new URL('../../packages/', import.meta.url))

/** Bundles the sources of each package for the processes that tests start. */
export function bundleSources() {
  for (const name of readdirSync(packages)) {
    const { exports } = JSON.parse(readFileSync(`${packages}${name}/package.json`, 'utf8'))
    if (!exports?.['.']?.['@downstream/source']) continue
    const index = `${packages}${name}/src/index.ts`
    // Renamed when it is complete: a process may be reading it.
    const written = `${bundleOf(index)}.${process.pid}`
    buildSync({
      entryPoints: [index],
      outfile: written,
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
      target: 'node20',
    })
    renameSync(written, bundleOf(index))
  }
}
