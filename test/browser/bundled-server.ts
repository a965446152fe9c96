import { existsSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { root } from '../snippet-project.ts'

const made = new Map<string, Promise<string>>()

/**
 * Bundles the server of an example and the sources of our packages into one file beside the server's source. tsx would
 * compile two hundred modules at each start, and a hundred tests start a server.
 */
export function bundledServer(entry: string): Promise<string> {
  const bundled = made.get(entry) ?? bundle(entry)
  made.set(entry, bundled)
  return bundled
}

/** Removes all bundles; when one test file ends, others may still need them. */
export function removeBundledServers(): void {
  const folders = readdirSync(join(root, 'examples')).map((name) => join(root, 'examples', name, 'src'))
  for (const folder of folders.filter((each) => existsSync(each))) {
    for (const file of readdirSync(folder)) if (/^\.server-\d+\.mjs$/.test(file)) rmSync(join(folder, file))
  }
}

async function bundle(entry: string): Promise<string> {
  const outfile = join(dirname(entry), `.server-${process.pid}.mjs`)
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['@downstream/source'],
    logLevel: 'error',
    plugins: [othersStayOutside],
  })
  return outfile
}

/** Imports of other packages stay: a bundle of Fastify would not work. */
const othersStayOutside: Plugin = {
  name: 'others-stay-outside',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^[^./]/ }, async ({ path, importer, resolveDir, kind, pluginData }) => {
      if (pluginData === 'asked' || kind === 'entry-point' || path.startsWith('@downstream/'))
        return undefined
      if (path.startsWith('node:')) return { path, external: true }
      if (!relative(root, importer).startsWith('packages/')) return { path, external: true }
      const found = await resolve(path, { resolveDir, kind, pluginData: 'asked' })
      return { path: found.path, external: true }
    })
  },
}
