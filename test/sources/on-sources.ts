import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Arguments for a Node that runs TypeScript, on the sources of our packages: see loader.mjs. */
export const onSources = [
  '--conditions=@downstream/source',
  '--import',
  pathToFileURL(join(import.meta.dirname ?? __dirname, 'loader.mjs')).href,
]
