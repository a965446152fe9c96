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
    // Fastify's CommonJS calls require() for Node's own modules.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
    conditions: ['@downstream/source'],
    logLevel: 'error',
    plugins: [othersStayOutside],
  })
  return outfile
}

const esbuildOnSources = join(root, 'test/browser/esbuild-on-sources.ts')

/** Hundreds of small files: to find and load them takes a third of the CPU time of a start. */
const fastify = /^(fastify|@fastify\/static)$/

/** Imports of other packages stay: some load files that lie beside their own. */
const othersStayOutside: Plugin = {
  name: 'others-stay-outside',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^[^./]/ }, async ({ path, importer, resolveDir, kind, pluginData }) => {
      if (pluginData === 'asked' || kind === 'entry-point' || path.startsWith('@downstream/'))
        return undefined
      if (path.startsWith('node:')) return { path, external: true }
      if (fastify.test(path) || importer.includes('/node_modules/')) return undefined
      if (path === 'esbuild' && importer !== esbuildOnSources) return { path: esbuildOnSources }
      if (!relative(root, importer).startsWith('packages/')) return { path, external: true }
      const found = await resolve(path, { resolveDir, kind, pluginData: 'asked' })
      return { path: found.path, external: true }
    })
  },
}
