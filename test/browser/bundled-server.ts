import { rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { type SharedPart, sharedPart } from '../shared-parts.ts'
import { root } from '../snippet-project.ts'

/**
 * Bundles the server of an example and the sources of our packages into one file beside the server's source. tsx would
 * compile two hundred modules at each start, and a hundred tests start a server.
 */
export async function bundledServer(entry: string): Promise<string> {
  return (await sharedPart('server', entry)) ?? bundle(entry)
}

export async function makeBundledServer(entry: string): Promise<SharedPart> {
  const address = await bundle(entry)
  return { address, dispose: () => rmSync(address) }
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

const esbuildOnSources = join(root, 'test/browser/esbuild-on-sources.ts')

/** Imports of other packages stay: a bundle of Fastify would not work. */
const othersStayOutside: Plugin = {
  name: 'others-stay-outside',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^[^./]/ }, async ({ path, importer, resolveDir, kind, pluginData }) => {
      if (pluginData === 'asked' || kind === 'entry-point' || path.startsWith('@downstream/'))
        return undefined
      if (path.startsWith('node:')) return { path, external: true }
      if (path === 'esbuild' && importer !== esbuildOnSources) return { path: esbuildOnSources }
      if (!relative(root, importer).startsWith('packages/')) return { path, external: true }
      const found = await resolve(path, { resolveDir, kind, pluginData: 'asked' })
      return { path: found.path, external: true }
    })
  },
}
