// The client as one file, for pages without a bundler: dist/browser.js of packages/client.
import { renameSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'

const folder = fileURLToPath(new URL('../packages/client/', import.meta.url))

/** Needs no build: the tests of the examples call it too. */
export function bundleClient() {
  // Renamed when it is complete: a server may be reading it.
  const written = `${folder}dist/browser.${process.pid}.js`
  buildSync({
    entryPoints: [`${folder}src/index.ts`],
    outfile: written,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
  })
  renameSync(written, `${folder}dist/browser.js`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) bundleClient()
