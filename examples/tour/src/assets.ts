import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

const { resolve } = createRequire(import.meta.url)

/** The folders of served files: the page, and what it needs from node_modules. */
export const assets: { path: string; root: string }[] = [
  { path: '/', root: fileURLToPath(new URL('../public', import.meta.url)) },
  { path: '/vendor/uplot', root: dirname(resolve('uplot')) },
  ...['inter', 'jetbrains-mono'].map((font) => ({
    path: `/vendor/${font}`,
    root: dirname(resolve(`@fontsource-variable/${font}`)),
  })),
]
