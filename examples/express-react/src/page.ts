import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const { outputFiles } = await build({
  entryPoints: [fileURLToPath(new URL('../page/main.tsx', import.meta.url))],
  bundle: true,
  format: 'esm',
  minify: true,
  jsx: 'automatic',
  define: { 'process.env.NODE_ENV': '"production"' },
  write: false,
})

/** The script of the page, built when the app starts. */
export const script: string = outputFiles[0]?.text ?? ''
